"""Celery's client, of the version that it is run with.

`version_client.py send` takes names of canvases on its input, and prints the ids of their tasks; `version_client.py read` takes
those, and prints how the tasks ended. CeleryVersion runs it.
"""

import json
import os
import sys
import time

import celery
import celery_app
from celery.exceptions import TimeoutError
from version_canvases import build, leaves

SECONDS = 60


def send(app, names: list[str]) -> dict[str, list[str]]:
    app.set_current()
    ids = {}
    for name in names:
        canvas, watched = build(name)
        ids[name] = leaves(canvas.apply_async()) + watched
    return ids


def read(app, ids: dict[str, list[str]]) -> dict[str, list]:
    """The tasks' values, or the names of their exceptions; the states of those that have not ended in time."""
    deadline = time.monotonic() + SECONDS
    return {name: [end(app.AsyncResult(task_id), deadline) for task_id in task_ids] for name, task_ids in ids.items()}


def end(result, deadline: float):
    try:
        left = max(deadline - time.monotonic(), 0.5)
        # By the id alone: the first error among its parents is not this task's end.
        value = result.get(timeout=left, interval=0.05, propagate=False)
    except TimeoutError:
        return result.state
    return type(value).__name__ if result.failed() else value


if __name__ == "__main__":
    app = celery_app.make_app(**json.loads(os.environ["INTEROP_CLIENT_CONF"]))
    command = {"send": send, "read": read}[sys.argv[1]]
    print(json.dumps({"version": celery.__version__, "answer": command(app, json.load(sys.stdin))}))
