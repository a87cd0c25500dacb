"""Canvases that every version of Celery can make, and how their tasks end.

A row is a name, a function that makes the canvas, and the ends of the tasks that end it, followed by those of the tasks that
`watch` is called for: their values, or the names of their exceptions.
"""

import uuid

from celery import chain, chord, chunks, group, signature
from celery.result import GroupResult


def task(name):
    return lambda *args: signature(f"w.{name}", args=args)


total, echo, boom, same, double, again = map(task, ["total", "echo", "boom", "identity", "double", "again"])


def fixed(sig):
    """Drops the result that it follows."""
    return sig.set(immutable=True)


def values(*numbers):
    return group([total(n) for n in numbers])


def pair(body):
    """A chord whose members end with 1 and 2 more than what is before it."""
    return chord([total(1), total(2)], body)


def linked(sig, callback):
    sig.link(callback)
    return sig


def caught(sig, errback):
    sig.link_error(errback)
    return sig


def mapped(form, *arguments):
    return signature(f"celery.{form}", kwargs={"task": total(), "it": arguments})


CANVASES = [
    ("chain", lambda watch: chain(watch(total(1)), watch(total(2)), total(3)), [6, 1, 3]),
    ("chain in a chain", lambda watch: chain(total(1), chain(total(2), fixed(total(3))), total(4)), [7]),
    ("group", lambda watch: values(1, 2, 3), [1, 2, 3]),
    ("groups in a group", lambda watch: group(values(1, 2), group(values(3), total(4))), [1, 2, 3, 4]),
    ("group at the end of a chain", lambda watch: chain(total(1), total(1), values(1, 2)), [3, 4]),
    ("group at the start of a chain", lambda watch: chain(values(1, 2), total(1), total(1)), [5]),
    ("groups one after the other", lambda watch: chain(values(1, 2), values(10, 20), echo()), [[[13, 23]]]),
    ("chord", lambda watch: pair(watch(total(4))), [7, 7]),
    ("chord of one", lambda watch: chord([total(1)], echo()), [[[1]]]),
    ("chord with an empty header", lambda watch: chord([], total(4)), [4]),
    ("chord between tasks", lambda watch: chain(total(1), pair(watch(total())), watch(total(1)), total(1)), [7, 5, 6]),
    ("chord after chord", lambda watch: chain(pair(watch(total())), pair(watch(total())), total(1)), [10, 3, 9]),
    ("five chords in a chain", lambda watch: chain(*[step for _ in range(5) for step in (values(1, 2), total())]), [93]),
    ("chord with a chain as body", lambda watch: chain(pair(chain(total(1), total(2))), total(3)), [9]),
    ("chord with a chord as body", lambda watch: pair(pair(total(1))), [10]),
    ("chord with a group as body", lambda watch: pair(values(1, 2)), [4, 5]),
    ("chains in a header", lambda watch: chord([chain(total(1), total(2)), total(3)], echo()), [[[3, 3]]]),
    ("chords in a header", lambda watch: chord([pair(total()), total(3)], echo()), [[[3, 3]]]),
    ("groups in a header", lambda watch: chord(group(values(1, 2), group(total(3))), total()), [6]),
    (
        "chord in a chain in a header",
        lambda watch: chord([chain(total(1), pair(total()), total(1)), total(1)], echo()),
        [[[6, 1]]],
    ),
    ("replaced and retried", lambda watch: chord([double(1), again(2)], chain(total(), double())), [8]),
    ("map", lambda watch: mapped("map", 1, 2), [[1, 2]]),
    ("starmap", lambda watch: mapped("starmap", [1, 2], [3, 4]), [[3, 7]]),
    ("chunks", lambda watch: chunks(total(), [[1, 2], [3, 4], [5]], 2).group(), [[3, 7], [5]]),
    ("callback", lambda watch: linked(total(1), watch(total(2))), [1, 3]),
    ("chain as callback", lambda watch: linked(total(1), chain(watch(total(2)), watch(total(3)))), [1, 3, 6]),
    ("callback of a chord", lambda watch: linked(pair(total()), watch(total(3))), [3, 6]),
    ("error callback", lambda watch: caught(boom(), watch(fixed(same(7)))), ["ValueError", 7]),
    ("error callback of a body", lambda watch: pair(caught(boom(), watch(fixed(same(7))))), ["ValueError", 7]),
    ("failed step", lambda watch: chain(total(1), watch(boom()), total(1)), ["ValueError", "ValueError"]),
    ("failed body", lambda watch: chain(pair(watch(boom())), total(1)), ["ValueError", "ValueError"]),
]
FAILED_MEMBERS = [
    ("failed member", lambda watch: chord([total(1), watch(boom())], total()), ["ChordError", "ValueError"]),
    ("failed step of a member", lambda watch: chord([chain(boom(), total()), total(1)], total()), ["ChordError"]),
    (
        "error callback of a chord",
        lambda watch: caught(chord([total(1), boom()], total()), watch(fixed(same(7)))),
        ["ChordError", 7],
    ),
]
# Workers before Celery 5.7 leave what is after the chord PENDING.
FAILED_MEMBER_BEFORE_MORE = [
    (
        "failed member, and a task after the chord",
        lambda watch: chain(chord([total(1), boom()], watch(total())), total()),
        ["ChordError", "ChordError"],
    ),
]
# Celery before 5.7 writes a chord with an empty header, whose body gets an empty list; 5.7, as we do, leaves the group out.
EMPTY_GROUP = [("empty group in a chain", lambda watch: chain(total(1), group([]), total(2)), [3])]
EMPTY_GROUP_BEFORE_5_7 = {"empty group in a chain": [2]}
ALL = CANVASES + FAILED_MEMBERS + FAILED_MEMBER_BEFORE_MORE + EMPTY_GROUP


def build(name: str) -> tuple:
    """A canvas, and the ids of the tasks in it that are watched."""
    [make] = [make for row_name, make, _ in ALL if row_name == name]
    watched = []

    def watch(sig):
        watched.append(str(uuid.uuid4()))
        return sig.set(task_id=watched[-1])

    return make(watch), watched


def leaves(result) -> list[str]:
    """The ids of the tasks that end a canvas."""
    if isinstance(result, GroupResult):
        return [task_id for member in result.results for task_id in leaves(member)]
    return [result.id]
