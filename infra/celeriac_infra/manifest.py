"""An app's manifest, as `myapp manifest` prints it."""

from __future__ import annotations

import json
from dataclasses import MISSING, dataclass, field

VERSION = 1
ROLES = ("producer", "reader", "forgetter", "worker", "lambda", "scheduler", "operator")


class ManifestError(Exception):
    """The manifest cannot be deployed; the text says why."""


@dataclass(frozen=True)
class Queue:
    """A queue and its dead-letter queue; times in seconds."""

    name: str
    queue_name: str
    fifo: bool
    visibility_timeout: int
    message_retention: int
    max_receive_count: int
    dead_letter_queue: str | None
    dead_letter_retention: int
    tasks: tuple[str, ...]
    function_timeout: int
    arn: str | None = None
    url: str | None = None
    """Of a queue that is there already, with its dead-letter queue; None for one to make."""

    @property
    def is_own(self) -> bool:
        """Whether tasks of this app run on it; other apps' queues are only sent to."""
        return bool(self.tasks)


@dataclass(frozen=True)
class Table:
    """The result table."""

    name: str
    hash_key: str
    ttl_attribute: str
    region: str | None = None
    """Where the program looks for it; None for where the stack is."""


@dataclass(frozen=True)
class Universal:
    """What EventBridge Scheduler says to `SendMessage` beside the text, where it calls that itself."""

    delay_seconds: int = 0
    message_group_id: str | None = None
    message_deduplication_id: str | None = None
    message_attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Schedule:
    """A beat entry, in EventBridge Scheduler's terms."""

    name: str
    schedule_expression: str
    queue: str
    """Celery's name."""
    input: str
    """The finished message; the service puts the time in for `<aws.scheduler.scheduled-time>`."""
    enabled: bool
    flexible_minutes: int
    maximum_retry_attempts: int
    maximum_event_age_in_seconds: int
    schedule_expression_timezone: str | None = None
    start_date: str | None = None
    end_date: str | None = None
    message_group_id: str | None = None
    description: str | None = None
    universal: Universal | None = None
    """None where the plain target, which has no delay and no attributes, is enough."""

    @property
    def group_id(self) -> str | None:
        """SQS's message group."""
        return (self.universal and self.universal.message_group_id) or self.message_group_id


@dataclass(frozen=True)
class Role:
    """Who may do what."""

    name: str
    trusted_services: tuple[str, ...]
    statements: tuple[dict, ...]


@dataclass(frozen=True)
class Manifest:
    """All of it."""

    app: str
    deployment: str
    """The name of this environment of the app, which is in all names of its own."""
    queues: tuple[Queue, ...]
    table: Table | None
    schedule_group: str | None
    schedules: tuple[Schedule, ...]
    environment: dict[str, str]
    roles: dict[str, Role]
    region: str | None = None
    """Where the program looks for its queues; None for where the stack is."""
    schedule_dead_letter_queue: str | None = None
    """Celery's name of the queue for firings that could not be delivered."""

    @property
    def own_queues(self) -> tuple[Queue, ...]:
        """The queues that a worker or function of this app works on."""
        return tuple(queue for queue in self.queues if queue.is_own)

    def role(self, name: str) -> Role | None:
        """The role, or None where it needs no rights."""
        role = self.roles.get(name)
        return role if role and role.statements else None

    def queue(self, name: str, use: str = "a schedule sends to") -> Queue:
        """By Celery's name; `use` is for the error."""
        for queue in self.queues:
            if queue.name == name:
                return queue
        raise ManifestError(f"{use} `{name}`, which is no queue of the manifest")

    def dead_letters_of_schedules(self) -> Queue | None:
        """None where they leave a metric only."""
        if not self.schedule_dead_letter_queue:
            return None
        queue = self.queue(self.schedule_dead_letter_queue, "dead letters of schedules go to")
        if queue.fifo:
            raise ManifestError(f"dead letters of schedules go to `{queue.name}`, and they need a standard queue")
        return queue


def read(text: bytes) -> Manifest:
    """Of the manifest's JSON, in UTF-8 or, as Windows PowerShell's `>` writes, in UTF-16."""
    try:
        data = json.loads(text)
        return _manifest(data)
    except UnicodeDecodeError as error:
        cure = "in PowerShell with `| Out-File -Encoding utf8 FILE`"
        raise ManifestError(f"the manifest is neither UTF-8 nor UTF-16: save it as UTF-8 ({cure})") from error
    except json.JSONDecodeError as error:
        raise ManifestError(f"not JSON: {error}") from error
    except (KeyError, TypeError) as error:
        raise ManifestError(f"not a manifest: {type(error).__name__} {error}") from error


def _manifest(data: dict) -> Manifest:
    if data["manifest_version"] != VERSION:
        raise ManifestError(f"manifest_version is `{data['manifest_version']}`, and this script knows {VERSION}")
    if data.get("buckets"):
        raise ManifestError("the manifest names buckets, which this script does not create")
    table = data["table"]
    _check_names(data["queues"])
    return Manifest(
        app=data["app"],
        deployment=data.get("deployment") or data["app"],
        queues=tuple(_queue(queue) for queue in data["queues"]),
        table=Table(**_fields(Table, table)) if table else None,
        schedule_group=data.get("schedule_group"),
        schedules=tuple(_schedule(schedule) for schedule in data.get("schedules", [])),
        environment=dict(data["environment"]),
        region=data.get("region"),
        roles={name: _role(name, role) for name, role in data["roles"].items()},
        schedule_dead_letter_queue=data.get("schedule_dead_letter_queue"),
    )


def _check_names(queues: list[dict]) -> None:
    """Each SQS name is one queue's; several may share a dead-letter queue."""
    taken: dict[str, str] = {}
    problems = []
    for queue in queues:
        name, other = queue["queue_name"], taken.get(queue["queue_name"])
        if other:
            problems.append(f"queues `{other}` and `{queue['name']}` are one in SQS, `{name}`: rename one of them")
        taken[name] = queue["name"]
    for queue in queues:
        if other := taken.get(queue.get("dead_letter_queue")):
            problems.append(f"queue `{other}` and the dead-letter queue of `{queue['name']}` are one in SQS: rename one of them")
    if problems:
        raise ManifestError("; ".join(problems))


def _queue(data: dict) -> Queue:
    return Queue(**{**_fields(Queue, data), "tasks": tuple(data["tasks"])})


def _fields(kind: type, data: dict) -> dict:
    """Those that the manifest must have, and those that it may have."""
    fields = kind.__dataclass_fields__.items()
    return {name: data[name] for name, field in fields if field.default is MISSING or name in data}


def _schedule(data: dict) -> Schedule:
    # `delete_after` is left out: a schedule that deletes itself would be made again by whoever
    # deploys next.
    fields = {name: data[name] for name in Schedule.__dataclass_fields__ if name in data}
    return Schedule(**{**fields, "universal": _universal(data.get("universal"))})


def _universal(data: dict | None) -> Universal | None:
    if data is None:
        return None
    return Universal(**{name: data[name] for name in Universal.__dataclass_fields__ if data.get(name) is not None})


def _role(name: str, data: dict) -> Role:
    if name not in ROLES:
        raise ManifestError(f"unknown role `{name}`")
    return Role(name, tuple(data["trusted_services"]), tuple(_statement(each) for each in data["statements"]))


def _statement(data: dict) -> dict:
    statement = {"Sid": data["sid"], "Effect": "Allow", "Action": data["actions"], "Resource": data["resources"]}
    return {**statement, "Condition": data["condition"]} if data.get("condition") else statement
