"""What Celery itself makes of messages whose parts have other types than its own senders give them.

`.venv/bin/python tests/interop/celery_reads.py` writes tests/fixtures/wire/interop/celery_reads.jsonl
(with `-`, prints it): a line for each message, with what a Celery worker did about it. celeriac's worker is held against it in
crates/celeriac-worker/tests/worker/celery_reads.rs, and the file against this Celery in
test_celery_reads.py.

The consumer, its strategies and the solo pool are Celery's; the broker is kombu's in memory. A message
reaches them as kombu's SQS transport would hand it over.
"""

import base64
import copy
import json
import logging
import math
import pathlib
import re
import sys
import warnings

from celery import Celery
from kombu.transport import memory
from kombu.transport.virtual import Message

FIXTURE = pathlib.Path(__file__).parent.parent / "fixtures/wire/interop/celery_reads.jsonl"
ID = "11111111-1111-4111-8111-111111111111"
NEXT = "22222222-2222-4222-8222-222222222222"
ABSENT = "<absent>"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def known(uuid):
    """An id that is new each time is told by a word."""
    return uuid[0] if uuid[0] in (ID, NEXT) else "new"


# One of each kind of JSON value, and neighbours that code often takes for another.
VALUES = [
    ABSENT, None, True, False, 0, 1, -1, 7, 2**31, 2**63, 2**70, 1.5, 0.0, -0.5, math.inf, math.nan,
    "", "0", "1", "-1", "1.5", "abc", "true", "2999-01-02T03:04:05+00:00", "2020-01-02T03:04:05",
    [], [None], [0], [1, 2], [1, 2, 3], ["abc"], [[]], [{}], {}, {"a": 1}, {"a": None},
]  # fmt: skip


def signature(task="reads.echo", **options):
    return {
        "task": task,
        "args": [],
        "kwargs": {},
        "options": {"task_id": NEXT, **options},
        "subtask_type": None,
        "immutable": False,
    }


def base(task="reads.echo", args=(1, "b"), **embed):
    return {
        "headers": {
            "lang": "py",
            "task": task,
            "id": ID,
            "shadow": None,
            "eta": None,
            "expires": None,
            "group": None,
            "group_index": None,
            "retries": 0,
            "timelimit": [None, None],
            "root_id": ID,
            "parent_id": None,
            "argsrepr": "(1, 'b')",
            "kwargsrepr": "{}",
            "origin": "gen1@host",
            "ignore_result": False,
            "replaced_task_nesting": 0,
            "stamped_headers": None,
            "stamps": {},
        },
        "payload": [
            list(args),
            {"k": 2},
            {"callbacks": None, "errbacks": None, "chain": None, "chord": None} | embed,
        ],
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "properties": {
            "correlation_id": ID,
            "reply_to": "33333333-3333-4333-8333-333333333333",
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": "celery"},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": "44444444-4444-4444-8444-444444444444",
        },
    }


def protocol_1():
    """As PHP, Go and Node clients and Celery 3 write it: no headers."""
    message = base()
    message["headers"] = {}
    message["payload"] = {
        "task": "reads.echo",
        "id": ID,
        "args": [1, "b"],
        "kwargs": {"k": 2},
        "group": None,
        "retries": 0,
        "eta": None,
        "expires": None,
        "utc": True,
        "callbacks": None,
        "errbacks": None,
        "timelimit": [None, None],
        "taskset": None,
        "chord": None,
    }
    return message


def object_under_headers():
    """Protocol 1's object for a payload, under protocol 2's headers."""
    message = base()
    message["payload"] = {"args": [1, "b"], "kwargs": {"k": 2}, "callbacks": None, "errbacks": None, "chord": None}
    return message


BASES = {
    "plain": base,
    "chain": lambda: base(chain=[signature()]),
    "two steps": lambda: base(chain=[signature(), signature(task_id=ABSENT)]),
    "callback": lambda: base(callbacks=[signature()]),
    "errback": lambda: base(task="reads.fail", errbacks=[signature(task="reads.old_errback")]),
    "protocol 1": protocol_1,
    "object": object_under_headers,
}

OPTIONS = (
    "task_id queue routing_key exchange exchange_type priority countdown eta expires retries retry retry_policy serializer "
    "compression headers link link_error shadow ignore_result time_limit soft_time_limit group_id group_index root_id parent_id "
    "reply_to chain chord stamped_headers add_to_parent delivery_mode expiration origin argsrepr kwargsrepr task_type "
    "replaced_task_nesting publisher producer connection router mandatory immediate time_limits timelimit correlation_id "
    "delivery_info declare unknown_option"
).split()

PLACES = {
    "plain": [
        *([key] for key in ("headers", "payload", "content-encoding", "content-type", "properties", "unknown")),
        *(["headers", key] for key in [*base()["headers"], "compression", "custom"]),
        *(["properties", key] for key in [*base()["properties"], "origin", "expiration", "type", "timestamp", "message_id", "custom"]),
        *(["properties", "delivery_info", key] for key in ("exchange", "routing_key", "priority", "redelivered", "custom")),
        *(["payload", place] for place in range(4)),
        *(["payload", 2, key] for key in ("callbacks", "errbacks", "chain", "chord", "custom")),
        ["headers", "timelimit", 0],
        ["headers", "timelimit", 1],
    ],
    "chain": [
        ["payload", 2, "chain", 0],
        *(["payload", 2, "chain", 0, key] for key in [*signature(), "chord_size", "custom"]),
        *(["payload", 2, "chain", 0, "options", key] for key in OPTIONS),
    ],
    "two steps": [["payload", 2, "chain", 0], *(["payload", 2, "chain", 0, key] for key in [*signature(), "custom"])],
    "callback": [
        ["payload", 2, "callbacks", 0],
        *(["payload", 2, "callbacks", 0, key] for key in [*signature(), "custom"]),
        *(["payload", 2, "callbacks", 0, "options", key] for key in ("task_id", "queue", "priority", "expires", "headers", "link")),
    ],
    "errback": [
        ["headers", "root_id"],
        ["headers", "id"],
        ["payload", 2, "errbacks", 0],
        *(["payload", 2, "errbacks", 0, key] for key in [*signature(), "custom"]),
        *(["payload", 2, "errbacks", 0, "options", key] for key in ("task_id", "queue", "priority", "expires", "headers", "link")),
    ],
    "protocol 1": [["headers"], *(["payload", key] for key in [*protocol_1()["payload"], "root_id", "parent_id", "custom"])],
    "object": [*(["payload", key] for key in [*object_under_headers()["payload"], "chain", "custom"])],
}


def with_value(message, at, value):
    *way, last = at
    inner = message
    for step in way:
        inner = inner[step]
    if value is ABSENT or value == ABSENT:
        if isinstance(inner, list):
            if last < len(inner):
                del inner[last]
        else:
            inner.pop(last, None)
    elif isinstance(inner, list) and last >= len(inner):
        inner.append(value)
    else:
        inner[last] = value
    return message


def without_absent(value):
    if isinstance(value, dict):
        return {key: without_absent(item) for key, item in value.items() if item != ABSENT}
    return [without_absent(item) for item in value] if isinstance(value, list) else value


def envelope(message):
    """As it stands in SQS, without the outer base64."""
    message = without_absent(message)
    if "payload" in message:
        body = json.dumps(message.pop("payload")).encode()
        message["body"] = base64.b64encode(body).decode()
    return message


class Reader:
    """A Celery worker that is handed one message after the other."""

    def __init__(self):
        app = self.app = Celery("reads", set_as_current=True)
        app.conf.update(
            broker_url="memory://",
            result_backend="cache+memory://",
            task_default_queue="celery",
            worker_hijack_root_logger=False,
            task_create_missing_queues=True,
            accept_content=["json", "msgpack", "yaml"],
        )
        self.seen = []

        @app.task(name="reads.echo")
        def echo(one=None, two=None, three=None, a=None, k=None):
            self.seen.append(1)
            return [one, two, three, a, k]

        @app.task(name="reads.fail")
        def fail(one=None, two=None, three=None, a=None, k=None):
            self.seen.append(1)
            raise ValueError("no")

        @app.task(name="reads.old_errback")
        def old_errback(task_id):
            return task_id

        worker = app.Worker(pool_cls="solo", concurrency=1, without_heartbeat=True, without_mingle=True, without_gossip=True)
        worker.pool.start()
        self.consumer = worker.consumer
        self.consumer.timer = self
        self.consumer.qos = self
        self.consumer.update_strategies()
        self.handle = self.consumer.create_task_handler()
        self.channel = app.connection_for_write().default_channel

    # Celery's timer and its prefetch count: what is for later is done now.
    def call_at(self, _eta, function, args=(), **_):
        function(*args)

    def increment_eventually(self):
        pass

    decrement_eventually = increment_eventually

    def read(self, message):
        self.seen.clear()
        self.app.backend.client.cache.clear()
        memory.Channel.queues.clear()
        self.consumer.controller.state.revoked.clear()
        try:
            self.handle(self.delivered(message))
            while self.consumer._pending_operations:
                self.consumer.perform_pending_operations()
        except Exception:  # noqa: BLE001 the message would end Celery's worker, or come back to it for ever
            return {"ran": len(self.seen), "state": None, "sent": []}
        meta = {}
        task_id = self.task_id(message)
        if isinstance(task_id, str) and task_id:
            meta = self.app.backend.get_task_meta(task_id)
        state = meta.get("status", "PENDING")
        outcome = {"ran": len(self.seen), "state": state, "sent": self.sent()}
        if state == "SUCCESS":
            outcome["result"] = meta["result"]
        return outcome

    def delivered(self, message):
        """What kombu's SQS transport makes of the body of a message."""
        payload = copy.deepcopy(envelope(message))
        if "properties" not in payload:
            payload = {"body": json.dumps(payload), "properties": {"delivery_info": {}}}
        info = payload["properties"].setdefault("delivery_info", {})
        info.update({"sqs_queue": "url"})
        payload["properties"]["delivery_tag"] = "receipt"
        delivered = Message(payload, self.channel)
        delivered.ack = delivered.ack_log_error = delivered.reject = delivered.reject_log_error = lambda *_, **__: None
        return delivered

    @staticmethod
    def task_id(message):
        for part in ("headers", "payload"):
            if isinstance(message.get(part), dict) and "id" in message[part]:
                return message[part]["id"]
        return None

    def sent(self):
        sent = []
        for queue, waiting in memory.Channel.queues.items():
            while waiting.qsize():
                raw = waiting.get()
                args, kwargs, embed = json.loads(base64.b64decode(raw["body"]))
                headers = raw["headers"]
                named = {key: headers.get(key) for key in ("task", "id", "root_id", "parent_id", "shadow", "group", "group_index", "ignore_result", "timelimit", "retries", "stamped_headers")}
                later = {key: bool(headers.get(key)) for key in ("eta", "expires")}
                custom = {key: value for key, value in headers.items() if key in ("a", "custom")}
                priority = raw["properties"].get("priority")
                sent.append({"queue": queue, "args": args, "kwargs": kwargs, "embed": embed, "priority": priority, **named, **later, **custom})
        return [json.loads(UUID.sub(known, json.dumps(one))) for one in sent]


def rows():
    reader = Reader()
    for name, make in BASES.items():
        yield {"base": name, "message": without_absent(make())} | reader.read(make())
    for name, places in PLACES.items():
        for at in places:
            for value in VALUES:
                message = with_value(BASES[name](), at, copy.deepcopy(value))
                yield {"base": name, "at": at, "value": value} | reader.read(message)


def lines():
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    return [json.dumps(row, ensure_ascii=True) for row in rows()]


if __name__ == "__main__":
    if sys.argv[1:] == ["-"]:
        print(*lines(), sep="\n")
    else:
        made = lines()
        FIXTURE.write_text("\n".join(made) + "\n")
        print(f"{len(made)} messages in {FIXTURE}", file=sys.stderr)
