"""The Python side: an app for clients, and its tasks for `celery -A celery_app worker`. The Rust side's are alike."""

import datetime
import functools
import json
import os
import time
import uuid
from decimal import Decimal

from celery import Celery, group
from celery.exceptions import Ignore, Reject

EVERY_FORMAT = ["json", "msgpack", "yaml"]


def make_app(**conf) -> Celery:
    app = Celery("interop", set_as_current=False)
    app.conf.update(
        accept_content=EVERY_FORMAT,
        result_accept_content=EVERY_FORMAT,
        worker_hijack_root_logger=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        **conf,
    )
    define_tasks(app)
    return app


class CustomError(Exception):
    """An error that only this side knows."""


def effect(path: str, ident: str, who: str = "python") -> None:
    """One appended line is one run; a write this short is atomic."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{ident} {who} {time.time():.3f}\n".encode())
    os.close(file)


VALUES = {
    "none": None,
    "true": True,
    "zero": 0,
    "int": 42,
    "negative": -7,
    "i64_max": 2**63 - 1,
    "big_int": 2**70,
    "big_negative": -(10**40),
    "float": 1.5,
    "tiny": 5e-324,
    "large_float": 1e300,
    "minus_zero": -0.0,
    "infinity": float("inf"),
    "minus_infinity": float("-inf"),
    "nan": float("nan"),
    "text": "plain",
    "empty_text": "",
    "unicode": "héllo ✓ 日本 🦀",
    "controls": '\x00\x1f"\\/\u2028\ud7ff',
    "bytes": b"raw bytes",
    "bytes_not_utf8": b"\xff\x00\xfe",
    "datetime": datetime.datetime(2027, 1, 2, 3, 4, 5, 678901, tzinfo=datetime.timezone.utc),
    "datetime_naive": datetime.datetime(2027, 1, 2, 3, 4, 5),
    "datetime_offset": datetime.datetime(2027, 1, 2, 3, 4, tzinfo=datetime.timezone(datetime.timedelta(hours=5.5))),
    "date": datetime.date(2027, 1, 2),
    "time": datetime.time(3, 4, 5, 678901),
    "decimal": Decimal("1.10"),
    "decimal_exponent": Decimal("1E+5"),
    "uuid": uuid.UUID("12345678123456781234567812345678"),
    "list": [1, "two", 3.0, None, True, []],
    "dict": {"a": 1, "b": [1, 2, {"c": None}], "": {}},
    "nested_typed": {"when": [datetime.date(2027, 1, 2), {"price": Decimal("0.1")}], "id": uuid.UUID(int=1)},
    "long_text": "x" * 200_000,
}
TOO_LARGE = "x" * 500_000


def define_tasks(app: Celery) -> None:
    """Registers every task. Names begin with `w.`; those that only Python has begin with `py.`."""
    task = functools.partial(app.task, shared=False)

    @task(name="w.add")
    def add(x, y):
        return x + y

    @task(name="py.multiply")
    def multiply(x, y):
        return x * y

    def total_of(value):
        return sum(map(total_of, value)) if isinstance(value, list) else (value or 0)

    @task(name="w.total")
    def total(*values):
        return total_of(list(values))

    @task(name="w.silent_total", ignore_result=True)
    def silent_total(*values):
        return total_of(list(values))

    @task(name="w.echo")
    def echo(*values):
        return list(values)

    @task(name="w.boom")
    def boom(*values):
        raise ValueError("boom")

    @task(name="w.double", bind=True)
    def double(self, x):
        raise self.replace(total.s(x, x))

    @task(name="w.next_two", bind=True)
    def next_two(self, x):
        raise self.replace(total.s(x) | total.s(2))

    @task(name="w.spread", bind=True)
    def spread(self, x):
        raise self.replace(group([total.s(n) for n in range(x)]))

    @task(name="w.again", bind=True)
    def again(self, *values):
        if not self.request.retries:
            raise self.retry(countdown=0)
        return total_of(list(values))

    @task(name="w.defaults")
    def defaults(x, y=10, z=None):
        return [x, y, z]

    @task(name="w.identity")
    def identity(value):
        return value

    @task(name="w.values")
    def values(kind):
        return TOO_LARGE if kind == "too_large" else VALUES[kind]

    @task(name="w.noop")
    def noop():
        return None

    @task(name="w.effects")
    def effects(path, ident):
        effect(path, ident)
        return ident

    @task(name="py.effects")
    def python_effects(path, ident):
        effect(path, ident)
        return ident

    @task(name="w.fail")
    def fail(kind="value"):
        if kind == "value":
            raise ValueError("boom")
        if kind == "args":
            raise ValueError("boom", 42, {"k": None})
        if kind == "custom":
            raise CustomError("custom boom")
        if kind == "unicode":
            raise ValueError("héllo ✓")
        if kind == "none":
            raise KeyError
        try:
            raise ZeroDivisionError("division by zero")
        except ZeroDivisionError as cause:
            raise RuntimeError("wrapped") from cause

    @task(name="w.retry_once", bind=True, max_retries=3)
    def retry_once(self, path, ident, countdown=1):
        if self.request.retries < 1:
            raise self.retry(countdown=countdown, exc=ValueError("try again"))
        effect(path, ident)
        return self.request.retries

    @task(name="w.retry_exhaust", bind=True, max_retries=1, default_retry_delay=1)
    def retry_exhaust(self):
        raise self.retry(exc=ValueError("final"))

    @task(name="w.progress", bind=True)
    def progress(self, seconds=2):
        self.update_state(state="PROGRESS", meta={"current": 5, "total": 10})
        time.sleep(seconds)
        return "done"

    @task(name="w.sleep")
    def sleep(seconds):
        time.sleep(seconds)
        return seconds

    @task(name="w.sleep_started", track_started=True)
    def sleep_started(seconds):
        time.sleep(seconds)
        return seconds

    @task(name="w.sleep_hard", time_limit=1)
    def sleep_hard():
        time.sleep(30)

    @task(name="w.sleep_soft", soft_time_limit=1)
    def sleep_soft():
        time.sleep(30)

    @task(name="w.ignored", ignore_result=True)
    def ignored(path, ident):
        effect(path, ident)
        return "ignored"

    @task(name="w.reject")
    def reject():
        raise Reject("no", requeue=False)

    @task(name="w.ignore", bind=True)
    def ignore(self):
        raise Ignore()

    @task(name="w.slow_effects", bind=True)
    def slow_effects(self, path, ident, seconds):
        effect(path, self.request.id)
        time.sleep(seconds)
        effect(path, ident)
        return ident

    @task(name="w.request_info", bind=True)
    def request_info(self):
        return known(self.request)

    @task(name="py.request_info", bind=True)
    def python_request_info(self):
        return known(self.request)


def known(request) -> dict:
    """What a running task knows about itself."""
    return {
        "id": request.id,
        "root_id": request.root_id,
        "parent_id": request.parent_id,
        "group": request.group,
        "retries": request.retries,
        "headers": {key: value for key, value in (request.headers or {}).items() if key.startswith("x-")},
        "queue": request.delivery_info["routing_key"],
        "eta": request.eta,
    }


if "INTEROP_CONF" in os.environ:
    app = make_app(**json.loads(os.environ["INTEROP_CONF"]))
