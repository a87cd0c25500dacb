"""Canvases, and how they end: the same in every lane of test_canvas.py.

An end is a value, or the name of an exception; a canvas that ends with a group has a tuple of them. Where the tasks before
the last one, or callbacks, are looked at, `named` gives them names, and the row says how those end, too.
"""

from celery import chain, chord, chunks, group
from signatures import (
    again, boom, caught, double, echo, exhausted, fail, fixed, ignore, keywords, kin, linked, mapped, named, next_two,
    nowhere, reject, same, silent, sleep, spread, stamped, total, values,
)  # fmt: skip

# The exception of what expired.
EXPIRED = "TaskRevokedError"
# In place of an end: nothing is ever stored.
NEVER = "PENDING"

STEPS = [
    ("task", lambda: total(1, 2), 3),
    ("chain", lambda: chain(total(1), total(2), total(3)), 6),
    ("chain, step by step", lambda: chain(named("one", total(1)), named("two", total(2)), total(3)), 6, {"one": 1, "two": 3}),
    ("chain with an immutable step", lambda: chain(total(1), fixed(total(5)), total(1)), 6),
    ("chain of immutable steps", lambda: chain(fixed(total(1)), fixed(total(2)), fixed(total(3))), 3),
    ("chain in a chain", lambda: chain(total(1), chain(total(2), total(3)), total(4)), 10),
    ("chains in chains", lambda: chain(chain(chain(chain(total(1), total(1)), total(1)), total(1)), total(1)), 5),
    ("chain with keywords", lambda: chain(total(1), keywords("add", y=2), total(1)), 4),
    ("chain with a keyword over a default", lambda: chain(total(1), keywords("defaults", z=3)), [1, 10, 3]),
    ("immutable step of keywords only", lambda: chain(total(1), fixed(keywords("add", x=2, y=3))), 5),
    ("retried step", lambda: chain(total(1), named("again", again(1)), total(1)), 3, {"again": 2}),
    ("step that stores nothing", lambda: chain(total(1), silent(1), total(1)), 3),
    ("step whose result is ignored", lambda: chain(total(1), total(1, ignore_result=True), total(1)), 3),
    ("steps that expire later", lambda: chain(total(1, expires=60), total(1, expires=60)), 2),
    ("step with a countdown", lambda: chain(total(1), total(1, countdown=1), total(1)), 3),
    (
        "step by step in other forms",
        lambda: chain(total(1, serializer="msgpack"), total(1, compression="gzip"), total(1, serializer="yaml")),
        3,
    ),
    ("map", lambda: mapped("map", total(), [1, 2]), [1, 2]),
    ("map in a chain", lambda: chain(total(5), mapped("map", total(), [1, 2]), total(1)), 4),
    ("map after a group", lambda: chain(values(1, 2), mapped("map", total(), [1, 2]), total()), 3),
    ("starmap", lambda: mapped("starmap", total(), [[1, 2], [3, 4]]), [3, 7]),
    ("starmap in a header", lambda: chord([mapped("starmap", total(), [[1, 2], [3]]), total(1)], echo()), [[[3, 3], 1]]),
    ("chunks", lambda: chunks(total(), [[1, 2], [3, 4], [5]], 2).group(), ([3, 7], [5])),
    ("chunks in a header", lambda: chord(chunks(total(), [[1, 2], [3, 4]], 1).group(), total()), 10),
]
GROUPS = [
    ("group", lambda: values(1, 2), (1, 2)),
    ("groups in groups", lambda: group(group(group(values(1, 2), total(3)), total(4)), total(5)), (1, 2, 3, 4, 5)),
    ("group of chains", lambda: group(chain(total(1), total(1)), chain(total(2), total(2))), (2, 4)),
    ("task and group", lambda: chain(total(1), values(1, 2), total()), 5),
    ("group at the end", lambda: chain(named("first", total(1)), values(1, 2)), (2, 3), {"first": 1}),
    ("groups at the end", lambda: chain(values(1, 2), values(10, 20)), (13, 23)),
    ("chain of groups", lambda: chain(values(1, 2), values(10, 20), total()), 36),
    ("immutable members", lambda: chain(total(5), group(fixed(total(1)), total(1))), (1, 6)),
    ("group of one in a chain", lambda: chain(total(1), group(total(1)), echo()), [2]),
    ("group of a group of one", lambda: chain(group(group(total(1))), echo()), [1]),
    ("group of one at the end", lambda: chain(total(1), group(total(1))), 2),
    ("group of one in a member", lambda: chord([chain(total(1), group(total(1))), total(1)], echo()), [[2, 1]]),
    ("empty group in a chain", lambda: chain(total(1), group(), total(1)), 2),
    ("empty group and a task", lambda: chain(group(), echo()), []),
    ("failed member of a group", lambda: group(total(1), boom(), total(2)), (1, "ValueError", 2)),
    ("failed member of the last group", lambda: chain(total(1), group(boom(), total(1))), ("ValueError", 2)),
]
CHORDS = [
    ("chord", lambda: chord([total(1), total(2)], total(4)), 7),
    (
        "chord, task by task",
        lambda: chord([named("one", total(1)), named("two", total(2))], named("body", total(4))),
        7,
        {"one": 1, "two": 2, "body": 7},
    ),
    ("chord of one", lambda: chord([total(1)], echo()), [[1]]),
    ("chord with an empty header", lambda: chord([], total(4)), 4),
    ("empty members", lambda: chord([group(), chain(), total(1)], echo()), [[1]]),
    ("chord in a chain", lambda: chain(total(1), chord([total(2), total(3)], total()), total(1)), 8),
    ("five chords in a chain", lambda: chain(*[step for _ in range(5) for step in (values(1, 1), total())]), 62),
    # ---- headers
    ("immutable header", lambda: chain(total(5), chord([fixed(total(1)), fixed(total(2))], total()), total(1)), 4),
    ("header of chains", lambda: chord([chain(total(1), total(2)), total(3)], echo()), [[3, 3]]),
    ("header of immutable chains", lambda: chord([chain(total(1), fixed(total(2))), total(3)], echo()), [[2, 3]]),
    ("header of chords", lambda: chord([chord([total(1), total(2)], total()), total(3)], echo()), [[3, 3]]),
    ("member that begins with a chord", lambda: chord([chain(values(1, 2), total(), total(1)), total(1)], echo()), [[4, 1]]),
    ("member that ends with a chord", lambda: chord([chain(total(1), values(1, 2), total()), total(1)], echo()), [[5, 1]]),
    ("nested groups in a header", lambda: chord(group(values(1, 2), total(3)), total()), 6),
    ("retried members", lambda: chord([again(1), total(2)], total()), 3),
    ("retried steps of members", lambda: chord([chain(again(1), total(2)), chain(total(3), again(4))], echo()), [[3, 7]]),
    ("member with a countdown", lambda: chord([total(1), total(1, countdown=1)], total()), 2),
    ("steps of members that store nothing", lambda: chord([chain(silent(1), total(2)), total(1)], total()), 4),
    (
        "chord in other forms",
        lambda: chord([total(1, serializer="msgpack"), total(1, compression="bzip2")], total(1, serializer="yaml")),
        3,
    ),
    # ---- bodies
    ("immutable body", lambda: chord([total(1), total(2)], fixed(total(9))), 9),
    ("chain as body", lambda: chord([total(1), total(2)], chain(total(1), total(2))), 6),
    ("chord as body", lambda: chord([total(1), total(2)], chord([total(1), total(2)], total())), 9),
    ("group as body", lambda: chord([total(1), total(2)], values(1, 2)), (4, 5)),
    ("group as body, and a task", lambda: chain(chord([total(1)], values(1, 2)), total()), 5),
    ("group of chains as body", lambda: chord([total(1), total(2)], group(chain(total(), total(1)), total())), (4, 3)),
    ("keywords in a body", lambda: chord([total(1), total(2)], chain(total(), keywords("defaults", z=3))), [3, 10, 3]),
    ("retried body", lambda: chain(chord([total(1), total(2)], again()), total(1)), 4),
    ("body with a countdown", lambda: chord([total(1), total(1)], total(countdown=1)), 2),
    ("body that stores nothing", lambda: chain(chord([total(1), total(2)], silent()), total(1)), 4),
    # ---- deep ones
    (
        "chords in chords",
        lambda: chord([chord([chord([chord([total(1), total(2)], total()), total(3)], total()), total(4)], total()), total(5)], echo()),
        [[10, 5]],
    ),
    (
        "chains in chords in chains",
        lambda: chord([chain(total(1), chord([chain(total(1), total(1)), total(2)], total()), total(1)), total(1)], echo()),
        [[7, 1]],
    ),
    (
        "bodies of bodies",
        lambda: chord([total(1)], chord([total(1), total(2)], chord([total(1), total(2)], chord([total(1)], echo())))),
        [[14]],
    ),
    (
        "groups in members of groups",
        lambda: chain(group(chain(values(1, 2), total(), values(1, 2), total()), total(1)), total(1), values(1, 2)),
        (12, 13),
    ),
]
REPLACED = [
    ("replaced", lambda: double(4), 8),
    ("replaced in a chain", lambda: chain(total(1), named("double", double()), total(1)), 3, {"double": 2}),
    ("replaced by a chain", lambda: chain(next_two(1), total(1)), 4),
    ("replaced by a group", lambda: chain(spread(4), total(1)), 7),
    ("replaced by a group at the end", lambda: chain(total(3), spread()), [0, 1, 2]),
    ("replaced again and again", lambda: chain(double(1), double(), next_two(), double()), 12),
    ("replaced in a header", lambda: chord([double(1), next_two(1), total(1)], total()), 6),
    ("replaced by a group in a header", lambda: chord([spread(3), total(1)], total()), 4),
    ("replaced first steps of members", lambda: chord([chain(double(1), total(1)), chain(spread(3), total(1))], echo()), [[3, 4]]),
    ("replaced last steps of members", lambda: chord([chain(total(1), next_two()), chain(total(1), double())], echo()), [[3, 2]]),
    ("replaced body", lambda: chain(chord([total(1), total(2)], fixed(double(4))), total(1)), 9),
    ("body replaced by a group", lambda: chain(chord([total(1), total(2)], fixed(spread(3))), echo()), [[0, 1, 2]]),
    ("replaced step of a body", lambda: chord([total(1), total(2)], chain(total(), double(), total(1))), 7),
    ("failed after what is replaced", lambda: chain(double(1), named("boom", boom()), total(1)), "ValueError", {"boom": "ValueError"}),
    ("failed after what is replaced in a header", lambda: chord([chain(double(1), boom()), total(1)], total()), "ChordError"),
]
FAILED_STEPS = [
    (
        "failed first step",
        lambda: chain(named("first", boom()), named("second", total(1)), total(1)),
        "ValueError",
        {"first": "ValueError", "second": "ValueError"},
    ),
    (
        "failed step",
        lambda: chain(named("first", total(1)), named("second", boom()), total(1)),
        "ValueError",
        {"first": 1, "second": "ValueError"},
    ),
    (
        "failed last step",
        lambda: chain(named("first", total(1)), named("second", total(1)), boom()),
        "ValueError",
        {"first": 1, "second": 2},
    ),
    (
        "failed step of a chain in a chain",
        lambda: chain(total(1), chain(named("inner", boom()), named("next", total(1))), total(1)),
        "ValueError",
        {"inner": "ValueError", "next": "ValueError"},
    ),
    (
        "failed step before a chord",
        lambda: chain(boom(), chord([total(1), total(2)], named("body", total())), total(1)),
        "ValueError",
        {"body": "ValueError"},
    ),
    (
        "failed step after a chord",
        lambda: chain(chord([total(1), total(2)], named("body", total())), named("after", boom()), total(1)),
        "ValueError",
        {"body": 3, "after": "ValueError"},
    ),
    (
        "step with a wrong argument",
        lambda: chain(total(1), fixed(sleep("long")), named("next", total())),
        "TypeError",
        {"next": "TypeError"},
    ),
    ("step without retries left", lambda: chain(exhausted(), named("next", total())), "ValueError", {"next": "ValueError"}),
    ("rejected step", lambda: chain(reject(), named("next", total(1)), total(1)), "Reject", {"next": "Reject"}),
    ("step that fails with its own exception", lambda: chain(total(1), fixed(fail("custom")), total(1)), "CustomError"),
    ("step that fails without a text", lambda: chain(total(1), fixed(fail("none")), total(1)), "KeyError"),
    ("failed map", lambda: chain(mapped("map", boom(), [1]), total()), "ValueError"),
]
FAILED_MEMBERS = [
    ("failed first member", lambda: chord([boom(), named("good", total(1))], total()), "ChordError", {"good": 1}),
    ("failed member", lambda: chord([total(1), boom(), total(2)], total()), "ChordError"),
    ("failed last member", lambda: chord([named("good", total(1)), boom()], total()), "ChordError", {"good": 1}),
    ("failed members only", lambda: chord([boom(), boom(), boom()], total()), "ChordError"),
    ("failed only member", lambda: chord([boom()], total()), "ChordError"),
    ("failed member of a nested group", lambda: chord(group(values(1, 2), group(boom())), total()), "ChordError"),
    (
        "failed first step of a member",
        lambda: chord([chain(boom(), named("last", total())), total(1)], total()),
        "ChordError",
        {"last": "ValueError"},
    ),
    (
        "failed step of a member",
        lambda: chord([chain(total(1), boom(), named("last", total())), total(1)], total()),
        "ChordError",
        {"last": "ValueError"},
    ),
    (
        "failed last step of a member",
        lambda: chord([chain(named("first", total(1)), boom()), total(1)], total()),
        "ChordError",
        {"first": 1},
    ),
    (
        "failed member and a chain after it",
        lambda: chain(chord([boom(), total(1)], named("body", total())), named("next", total()), total()),
        "ChordError",
        {"body": "ChordError", "next": "ChordError"},
    ),
    (
        "failed member of a group in a chain",
        lambda: chain(total(1), group(total(1), boom()), named("body", total()), total(1)),
        "ChordError",
        {"body": "ChordError"},
    ),
    ("failed member before a chain", lambda: chord([total(1), boom()], chain(total(), total(1))), "ChordError"),
    ("failed member before a group", lambda: chord([total(1), boom()], values(1, 2)), ("ValueError", "ValueError")),
    (
        "failed step of a chain in a chain in a chord",
        lambda: chain(total(1), chord([chain(total(1), chain(total(1), chain(boom(), total(1)))), total(1)], total()), total(1)),
        "ChordError",
    ),
    ("expired member", lambda: chord([named("late", total(1, expires=-1)), total(1)], total()), "ChordError", {"late": EXPIRED}),
    ("member with a wrong argument", lambda: chord([sleep("long"), total(1)], total()), "ChordError"),
    ("member without retries left", lambda: chord([exhausted(), total(1)], total()), "ChordError"),
    ("rejected member", lambda: chord([reject(), total(1)], total()), "ChordError"),
    ("member that fails without a text", lambda: chord([fail("none"), total(1)], total()), "ChordError"),
]
FAILED_BODIES = [
    ("failed body", lambda: chord([total(1), total(2)], boom()), "ValueError"),
    (
        "failed body and a chain after it",
        lambda: chain(chord([total(1)], named("body", boom())), total(1)),
        "ValueError",
        {"body": "ValueError"},
    ),
    (
        "failed first step of a body",
        lambda: chord([total(1), total(2)], chain(named("first", boom()), total(1))),
        "ValueError",
        {"first": "ValueError"},
    ),
    (
        "failed last step of a body",
        lambda: chord([total(1), total(2)], chain(named("first", total(1)), boom())),
        "ValueError",
        {"first": 4},
    ),
    ("failed body of a member", lambda: chord([chord([total(1), total(2)], boom()), total(1)], total()), "ChordError"),
    (
        "failed body in a member",
        lambda: chord([chain(total(1), chord([total(1)], boom()), named("last", total(1))), total(1)], total()),
        "ChordError",
        {"last": "ValueError"},
    ),
    ("failed member of a body", lambda: chord([total(1)], chord([boom(), total(1)], total())), "ChordError"),
    ("failed member of a group as body", lambda: chord([total(1), total(2)], group(total(1), boom())), (4, "ValueError")),
    ("expired body", lambda: chord([total(1), total(2)], total(expires=-1)), EXPIRED),
    ("unknown body", lambda: chord([total(1), total(2)], nowhere()), "NotRegistered"),
]
CALLBACKS = [
    ("callback", lambda: linked(total(1), named("callback", total(2))), 1, {"callback": 3}),
    ("callbacks", lambda: linked(total(1), named("one", total(2)), named("two", total(3))), 1, {"one": 3, "two": 4}),
    ("immutable callback", lambda: linked(total(1), named("callback", fixed(total(2)))), 1, {"callback": 2}),
    ("callback with keywords", lambda: linked(total(1), named("callback", keywords("add", y=2))), 1, {"callback": 3}),
    ("callback of a callback", lambda: linked(total(1), linked(total(1), named("callback", total(1)))), 1, {"callback": 3}),
    (
        "chain as callback",
        lambda: linked(total(1), chain(named("one", total(2)), named("two", total(3)))),
        1,
        {"one": 3, "two": 6},
    ),
    (
        "group as callback",
        lambda: linked(total(1), group(named("one", total(2)), named("two", total(3)))),
        1,
        {"one": 3, "two": 4},
    ),
    ("chord as callback", lambda: linked(total(1), chord([total(1), total(2)], named("body", total()))), 1, {"body": 5}),
    ("callback of a step", lambda: chain(total(1), linked(total(1), named("callback", total(5))), total(1)), 3, {"callback": 7}),
    ("callback of a chain", lambda: linked(chain(total(1), total(2)), named("callback", total(3))), 3, {"callback": 6}),
    ("callback of a member", lambda: chord([linked(total(1), named("callback", total(5))), total(2)], total()), 3, {"callback": 6}),
    (
        "callback of a chain in a header",
        lambda: chord([linked(chain(total(1), total(1)), named("callback", total(5))), total(1)], echo()),
        [[2, 1]],
        {"callback": 7},
    ),
    ("callback of a group", lambda: linked(values(1, 2), named("callback", total(3))), (1, 2), {"callback": 3}),
    ("callback of a chord", lambda: linked(chord([total(1)], total(1)), named("callback", total(3))), 2, {"callback": 5}),
    ("callback of what is retried", lambda: linked(again(2), named("callback", total(1))), 2, {"callback": 3}),
    ("callback of what is replaced", lambda: linked(double(2), named("callback", total(1))), 4, {"callback": 5}),
    ("callback of what becomes a chain", lambda: linked(next_two(3), named("callback", total(1))), 5, {"callback": 6}),
    ("callback of what becomes a group", lambda: linked(spread(3), named("callback", total(1))), [0, 1, 2], {"callback": 4}),
    (
        "callback of a step that is replaced",
        lambda: chain(total(1), linked(next_two(), named("callback", total(1))), total(10)),
        13,
        {"callback": 4},
    ),
    (
        "callback of a body that is replaced",
        lambda: linked(chord([total(1)], fixed(double(2))), named("callback", total(1))),
        4,
        {"callback": 5},
    ),
    ("callback that is replaced", lambda: linked(total(2), named("callback", next_two())), 2, {"callback": 4}),
    ("callback of what stores nothing", lambda: linked(silent(1), named("callback", total(1))), NEVER, {"callback": 2}),
    ("callback that fails", lambda: linked(total(1), named("callback", boom())), 1, {"callback": "ValueError"}),
    ("callback of a failure", lambda: linked(boom(), named("callback", total())), "ValueError", {"callback": NEVER}),
]
ERROR_CALLBACKS = [
    ("errback", lambda: caught(named("failed", boom()), named("errback", same())), "ValueError", {"errback": "failed"}),
    (
        "errbacks",
        lambda: caught(named("failed", boom()), named("one", same()), named("two", fixed(same(7)))),
        "ValueError",
        {"one": "failed", "two": 7},
    ),
    ("errback of a success", lambda: caught(total(1), named("errback", same())), 1, {"errback": NEVER}),
    (
        "callback of an errback",
        lambda: caught(named("failed", boom()), linked(same(), named("callback", echo()))),
        "ValueError",
        {"callback": ["failed"]},
    ),
    (
        "errback of an errback",
        lambda: caught(boom(), caught(named("errback", fail()), named("last", same()))),
        "ValueError",
        {"errback": "RuntimeError", "last": "errback"},
    ),
    ("group as errback", lambda: caught(named("failed", boom()), group(named("one", same()), same())), "ValueError", {"one": "failed"}),
    (
        "chord as errback",
        lambda: caught(named("failed", boom()), chord([same(), same()], named("body", echo()))),
        "ValueError",
        {"body": [["failed", "failed"]]},
    ),
    (
        "errback of a chain whose first step fails",
        lambda: caught(chain(named("failed", boom()), total(1), total(1)), named("errback", same())),
        "ValueError",
        {"errback": "failed"},
    ),
    (
        "errback of a chain whose last step fails",
        lambda: caught(chain(total(1), total(1), named("failed", boom())), named("errback", same())),
        "ValueError",
        {"errback": "failed"},
    ),
    (
        "errback of a step after the failed one",
        lambda: chain(boom(), caught(total(1), named("errback", same()))),
        "ValueError",
        {"errback": NEVER},
    ),
    (
        "errback of a group",
        lambda: caught(group(total(1), named("failed", boom())), named("errback", same())),
        (1, "ValueError"),
        {"errback": "failed"},
    ),
    (
        "errback of a chain that ends with a group",
        lambda: caught(chain(total(1), group(named("failed", boom()), total(1))), named("errback", same())),
        ("ValueError", 2),
        {"errback": "failed"},
    ),
    (
        "errback of a member",
        lambda: chord([caught(named("failed", boom()), named("errback", same())), total(1)], total()),
        "ChordError",
        {"errback": "failed"},
    ),
    (
        "errback of a chain in a header",
        lambda: chord([caught(chain(named("failed", boom()), total(1)), named("errback", same())), total(1)], total()),
        "ChordError",
        {"errback": "failed"},
    ),
    (
        "errback of a chord whose member fails",
        lambda: caught(chord([boom(), total(1)], named("body", total())), named("errback", same())),
        "ChordError",
        {"errback": "body"},
    ),
    (
        "errback of a chord whose body fails",
        lambda: caught(chord([total(1)], named("body", boom())), named("errback", same())),
        "ValueError",
        {"errback": "body"},
    ),
    (
        "errback of a chord whose body's last step fails",
        lambda: caught(chord([total(1)], chain(total(), named("failed", boom()))), named("errback", same())),
        "ValueError",
        {"errback": "failed"},
    ),
    (
        "errback of a chain with a chord whose member fails",
        lambda: caught(chain(total(1), chord([boom(), total(1)], total()), total(1)), named("errback", fixed(same(7)))),
        "ChordError",
        {"errback": 7},
    ),
    (
        "errback of what fails after it was replaced",
        lambda: caught(chain(double(1), named("failed", boom())), named("errback", same())),
        "ValueError",
        {"errback": "failed"},
    ),
    (
        "errback of a wrong argument",
        lambda: caught(named("failed", sleep("long")), named("errback", same())),
        "TypeError",
        {"errback": "failed"},
    ),
    (
        "errback after the last retry",
        lambda: caught(named("failed", exhausted()), named("errback", same())),
        "ValueError",
        {"errback": "failed"},
    ),
    ("errback of what expires", lambda: caught(total(1, expires=-1), named("errback", same())), EXPIRED, {"errback": NEVER}),
]
KINSHIP = [
    ("kin of a first step", lambda: chain(named("one", kin()), fixed(total(1))), 1, {"one": ["one", None]}),
    ("kin of a step", lambda: chain(named("one", total(1)), named("two", total(1)), kin()), ["one", "two"]),
    ("kin of members", lambda: chain(named("one", total(1)), group(kin(), kin())), (["one", "one"], ["one", "one"])),
    ("kin of a body", lambda: chord([named("member", total(1))], kin()), ["member", "member"]),
    ("kin of a body in a chain", lambda: chain(named("one", total(1)), chord([named("member", total(1))], kin())), ["one", "member"]),
    ("kin of a body's body", lambda: chord([named("member", total(1))], chord([named("inner", total(1))], kin())), ["member", "inner"]),
    ("kin after a body", lambda: chain(chord([named("member", total(1))], named("body", total())), kin()), ["member", "body"]),
    (
        "kin of a member's step",
        lambda: chord([chain(named("one", total(1)), named("two", kin()))], fixed(total(1))),
        1,
        {"two": ["one", "one"]},
    ),
    ("kin of a callback", lambda: linked(named("one", total(1)), named("callback", kin())), 1, {"callback": ["one", "one"]}),
    (
        "kin of a step's callback",
        lambda: chain(named("one", total(1)), linked(named("two", total(1)), named("callback", kin()))),
        2,
        {"callback": ["one", "two"]},
    ),
    (
        "kin of a group as callback",
        lambda: linked(named("one", total(1)), group(named("member", kin()), total(1))),
        1,
        {"member": ["one", "one"]},
    ),
    (
        "kin of an errback",
        lambda: chain(named("one", total(1)), caught(named("two", boom()), named("errback", kin()))),
        "ValueError",
        {"errback": ["one", "two"]},
    ),
    ("kin after a retry", lambda: chain(named("one", total(1)), named("two", again(1)), kin()), ["one", "two"]),
    ("kin after what is replaced", lambda: chain(named("one", total(1)), named("two", double()), kin()), ["one", "two"]),
    ("kin after what becomes a chain", lambda: chain(named("one", next_two(1)), kin()), ["one", "one"]),
    ("kin after what becomes a group", lambda: chain(named("one", spread(1)), kin()), ["one", "one"]),
]
STAMPED = [
    ("stamped chain", lambda: stamped(chain(total(1), total(2)), tenant="acme"), 3),
    ("stamped group", lambda: stamped(values(1, 2), tenant="acme"), (1, 2)),
    ("stamped chord", lambda: stamped(chord([total(1), total(2)], total()), tenant="acme"), 3),
    ("stamped callback", lambda: stamped(linked(total(1), named("callback", total(1))), tenant="acme"), 1, {"callback": 2}),
    ("stamped and replaced", lambda: stamped(chain(double(1), spread()), tenant="acme"), [0, 1]),
    ("stamped and retried", lambda: stamped(chain(again(1), total(1)), tenant="acme"), 2),
]
CANVASES = [
    *STEPS, *GROUPS, *CHORDS, *REPLACED, *FAILED_STEPS, *FAILED_MEMBERS, *FAILED_BODIES, *CALLBACKS, *ERROR_CALLBACKS, *KINSHIP,
    *STAMPED,
]  # fmt: skip

# What is right, and Celery's own workers do not do on SQS and DynamoDB; docs/semantics.md says why.
BETTER = [
    # "Results are not needed to count."
    ("members that store nothing", lambda: chord([silent(1), total(2)], echo()), [[None, 2]]),
    ("group at the end of a member", lambda: chord([chain(total(1), values(1, 2)), total(3)], echo()), [[[2, 3], 3]]),
    # "A failure reaches everything that waits for it": in Celery these bodies hang.
    ("unknown member", lambda: chord([nowhere(), total(1)], total()), "ChordError"),
    ("unknown step of a member", lambda: chord([chain(total(1), nowhere(), total(1)), total(1)], total()), "ChordError"),
    ("ignored member", lambda: chord([ignore(), total(1)], total()), "ChordError"),
    ("failed member in a member", lambda: chord([chord([boom(), total(1)], total()), total(1)], total()), "ChordError"),
    (
        "failed member in a member in a chain",
        lambda: chain(total(1), chord([chain(total(1), chord([boom(), total(1)], total()), total(1)), total(1)], total()), total(1)),
        "ChordError",
    ),
    (
        "errback of a chord in a header",
        lambda: chord([caught(chord([boom(), total(1)], named("inner", total())), named("errback", same())), total(1)], total()),
        "ChordError",
        {"errback": "inner"},
    ),
    (
        # Celery links it to both chords: which of them calls first is open.
        "errback of a chord around a failed one",
        lambda: caught(chord([chord([boom(), total(1)], total()), total(1)], total()), named("errback", fixed(same(7)))),
        "ChordError",
        {"errback": 7},
    ),
    ("failed member before a chord", lambda: chord([boom()], chord([total(1), total(2)], total())), "ChordError"),
    # The same: in Celery only the last step of a body ends, and nothing that is after a task that expired or is unknown.
    (
        "failed member before the steps of a body",
        lambda: chord([total(1), boom()], chain(named("first", total()), total(1))),
        "ChordError",
        {"first": "ChordError"},
    ),
    ("expired step", lambda: chain(total(1), named("late", total(1, expires=-1)), total(1)), EXPIRED, {"late": EXPIRED}),
    ("expired first step of a member", lambda: chord([chain(total(1, expires=-1), total(1)), total(1)], total()), "ChordError"),
    ("unknown step", lambda: chain(total(1), named("unknown", nowhere()), total(1)), "NotRegistered", {"unknown": "NotRegistered"}),
    (
        "errback of what is unknown",
        lambda: caught(named("failed", nowhere()), named("errback", same())),
        "NotRegistered",
        {"errback": "failed"},
    ),
    # "Error callbacks are messages": Celery calls a chain as if it were a task.
    ("chain as errback", lambda: caught(named("failed", boom()), chain(same(), named("last", echo()))), "ValueError", {"last": ["failed"]}),
]

# What is done with a canvas stamped `tenant="acme"` whose named task is sent aside, and the stamps that it has there.
STAMPS = {
    "step": (lambda aside: chain(total(1), named("step", aside)), {"tenant": "acme"}),
    "last": (lambda aside: chain(total(1), chain(total(1), total(1)), named("last", aside)), {"tenant": "acme"}),
    "member": (lambda aside: chain(total(1), group(named("member", aside), total(1))), {"tenant": "acme"}),
    "body": (lambda aside: chord([total(1), total(2)], named("body", aside)), {}),
    "callback": (lambda aside: linked(total(1), named("callback", aside)), {"tenant": "acme"}),
    "errback": (lambda aside: caught(boom(), named("errback", aside)), {"tenant": "acme"}),
    "retried": (lambda aside: chain(again(1), named("retried", aside)), {"tenant": "acme"}),
    "replaced": (lambda aside: chain(double(1), named("replaced", aside)), {"tenant": "acme"}),
    "grouped": (lambda aside: chain(spread(2), named("grouped", aside)), {"tenant": "acme"}),
}
