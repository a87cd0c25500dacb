"""Signatures of tasks that both sides have, and what is done with them before they are sent."""

import re
import uuid

from celery import group, signature
from kombu.utils import json

NAMED = re.compile(r"[0-9a-f]{32}-(\w+)")


def task(name):
    """Signatures of a task by its name: positional arguments, and options of the call."""
    return lambda *args, **options: signature(f"w.{name}", args=args, options=options)


total, echo, boom, silent = task("total"), task("echo"), task("boom"), task("silent_total")
double, next_two, spread, again = task("double"), task("next_two"), task("spread"), task("again")
sleep, reject, ignore, nowhere = task("sleep"), task("reject"), task("ignore"), task("nowhere")
fail, exhausted = task("fail"), task("retry_exhaust")
# Of one argument: as an error callback Celery sends it with the failed task's id, and does not call it on the spot.
same = task("identity")


def keywords(name, **kwargs):
    return signature(f"w.{name}", kwargs=kwargs)


def fixed(sig):
    """Drops the result that it follows."""
    return sig.set(immutable=True)


def kin():
    """The ids of its root and of its parent."""
    return fixed(task("request_info")())


def values(*numbers):
    return group([total(n) for n in numbers])


def mapped(form, sig, it):
    return fixed(signature(f"celery.{form}", kwargs={"task": sig, "it": it}))


def linked(sig, *callbacks):
    for callback in callbacks:
        sig.link(callback)
    return sig


def caught(sig, *errbacks):
    for errback in errbacks:
        sig.link_error(errback)
    return sig


def stamped(sig, **stamps):
    sig.stamp(**stamps)
    return sig


def named(name, sig):
    """Has an id that no other run of the canvas has, and that ends with its name."""
    return sig.set(task_id=f"{uuid.uuid4().hex}-{name}")


def ids_by_name(canvas) -> dict[str, str]:
    return {found[1]: found[0] for found in NAMED.finditer(json.dumps(canvas))}


def by_name(value):
    """A result with names in place of the ids of named tasks."""
    value = json.loads(NAMED.sub(r"\1", json.dumps(value)))
    return [value["root_id"], value["parent_id"]] if isinstance(value, dict) else value
