"""Canvases, what they come to, and the tasks they are made of: the same in every lane of test_canvas.py."""

from celery import chain, chord, group, signature


def task(name):
    """Signatures of a task by its name."""
    return lambda *args, **options: signature(f"w.{name}", args=args, options=options)


total, echo, boom, silent = task("total"), task("echo"), task("boom"), task("silent_total")
double, next_two, spread, again = task("double"), task("next_two"), task("spread"), task("again")


def fixed(sig):
    """Drops the result that it follows."""
    return sig.set(immutable=True)


def values(*numbers):
    return group([total(n) for n in numbers])


# name, how it is made, and its value; or the exception that its last task ends with
CANVASES = [
    ("task", lambda: total(1, 2), 3),
    ("chain", lambda: chain(total(1), total(2), total(3)), 6),
    ("chain with an immutable step", lambda: chain(total(1), fixed(total(5)), total(1)), 6),
    ("chain in a chain", lambda: chain(total(1), chain(total(2), total(3)), total(4)), 10),
    ("task and group", lambda: chain(total(1), values(1, 2), total()), 5),
    ("chain of groups", lambda: chain(values(1, 2), values(10, 20), total()), 36),
    ("chord", lambda: chord([total(1), total(2)], total(4)), 7),
    ("chord of one", lambda: chord([total(1)], echo()), [[1]]),
    ("chord with an empty header", lambda: chord([], total(4)), 4),
    ("chord in a chain", lambda: chain(total(1), chord([total(2), total(3)], total()), total(1)), 8),
    ("chord with a chain as body", lambda: chord([total(1), total(2)], chain(total(1), total(2))), 6),
    ("chord with a chord as body", lambda: chord([total(1), total(2)], chord([total(1), total(2)], total())), 9),
    ("header of chains", lambda: chord([chain(total(1), total(2)), total(3)], echo()), [[3, 3]]),
    ("header of chords", lambda: chord([chord([total(1), total(2)], total()), total(3)], echo()), [[3, 3]]),
    ("nested groups in a header", lambda: chord(group(values(1, 2), total(3)), total()), 6),
    ("retried members", lambda: chord([again(1), total(2)], total()), 3),
    ("replaced", lambda: double(4), 8),
    ("replaced in a chain", lambda: chain(total(1), double(), total(1)), 3),
    ("replaced by a chain", lambda: chain(next_two(1), total(1)), 4),
    ("replaced by a group", lambda: chain(spread(4), total(1)), 7),
    ("replaced in a header", lambda: chord([double(1), next_two(1), total(1)], total()), 6),
    ("replaced by a group in a header", lambda: chord([spread(3), total(1)], total()), 4),
    ("five chords in a chain", lambda: chain(*[step for _ in range(5) for step in (values(1, 1), total())]), 62),
    ("starmap", lambda: signature("celery.starmap", kwargs={"task": total(), "it": [[1, 2], [3, 4]]}), [3, 7]),
    ("map", lambda: signature("celery.map", kwargs={"task": total(), "it": [1, 2]}), [1, 2]),
    ("failed step", lambda: chain(total(1), boom(), total(1)), "ValueError"),
    ("failed body", lambda: chord([total(1), total(2)], boom()), "ValueError"),
    ("failed member", lambda: chord([total(1), boom()], total()), "ChordError"),
    ("failed first step of a member", lambda: chord([chain(boom(), total()), total(1)], total()), "ChordError"),
    ("failed member and a chain after it", lambda: chain(chord([boom(), total(1)], total()), total()), "ChordError"),
    ("expired member", lambda: chord([total(1, expires=-1), total(1)], total()), "ChordError"),
]
# What is right, and Celery's own workers do not do on SQS and DynamoDB; docs/semantics.md says why.
BETTER = [
    ("members that store nothing", lambda: chord([silent(1), total(2)], echo()), [[None, 2]]),
    ("unknown member", lambda: chord([task("nowhere")(), total(1)], total()), "ChordError"),
    (
        "failed member in a member",
        lambda: chord([chord([boom(), total(1)], total()), total(1)], total()),
        "ChordError",
    ),
    ("group at the end of a member", lambda: chord([chain(total(1), values(1, 2)), total(3)], echo()), [[[2, 3], 3]]),
]
