"""What `infra/sam` makes of a manifest."""

import copy
import json
import subprocess
import sys
from pathlib import Path

INFRA = Path(__file__).parents[2] / "infra"
MANIFEST = json.loads((INFRA / "manifest.json").read_text())


def tool(name: str, *args: str) -> subprocess.CompletedProcess:
    """A program of requirements.txt, from the environment that the tests run in."""
    command = [str(Path(sys.executable).parent / name), *args]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def run(manifest: dict, *args: str) -> subprocess.CompletedProcess:
    """`infra/sam - ARGS` with the manifest on standard input."""
    command = [sys.executable, str(INFRA / "sam"), "-", *args]
    return subprocess.run(command, input=json.dumps(manifest), capture_output=True, text=True, check=False)


def template(manifest: dict, *args: str) -> dict:
    """The template that it prints."""
    done = run(manifest, *args)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def of_type(made: dict, kind: str) -> dict[str, dict]:
    """Properties of the template's resources of a type, by logical name."""
    resources = made["Resources"].items()
    return {name: resource["Properties"] for name, resource in resources if resource["Type"] == kind}


def manifest_named(manifest: dict, prefix: str) -> dict:
    """The same app in another environment, with a prefix in front of the names of its queues and its table."""
    named = copy.deepcopy(manifest)
    for queue in named["queues"]:
        queue["queue_name"] = f"{prefix}-{queue['queue_name']}"
        queue["dead_letter_queue"] = f"{prefix}-{queue['dead_letter_queue']}"
    if named["table"]:
        named["table"]["name"] = f"{prefix}-{named['table']['name']}"
    named["deployment"] = named["schedule_group"] = f"{prefix}-{named['deployment']}"
    for role in named["roles"].values():
        for statement in role["statements"]:
            statement["resources"] = [_prefixed(arn, prefix) for arn in statement["resources"]]
    return named


def _prefixed(arn: str, prefix: str) -> str:
    head, _, name = arn.rpartition("/" if "/" in arn else ":")
    return arn if name == "*" else f"{head}{'/' if '/' in arn else ':'}{prefix}-{name}"


def with_fifo(manifest: dict) -> dict:
    """The manifest, with a FIFO queue in it in any case, alone on its dead-letter queue."""
    if any(queue["fifo"] for queue in manifest["queues"]):
        return manifest
    changed = copy.deepcopy(manifest)
    fifo = {**changed["queues"][0], "name": "ordered.fifo", "queue_name": "ordered.fifo", "fifo": True}
    changed["queues"].append({**fifo, "dead_letter_queue": "ordered-dlq.fifo"})
    return changed


# Years away, so that no emulator sends one while its stack is there.
NEVER = "cron(0 9 1 1 ? 2099)"


def with_schedule(manifest: dict) -> dict:
    """The manifest, with a schedule in it in any case; it is years away."""
    if manifest["schedules"]:
        return manifest
    changed = copy.deepcopy(manifest)
    first = changed["queues"][0]
    changed["schedules"] = [{**schedule_of("new-year", first["name"]), "schedule_expression_timezone": "Asia/Seoul"}]
    arn = "arn:${partition}:sqs:${region}:${account}:" + first["queue_name"]
    rights = {"sid": "SendTasks", "actions": ["sqs:SendMessage"], "resources": [arn]}
    changed["roles"]["scheduler"] = {"trusted_services": ["scheduler.amazonaws.com"], "statements": [rights]}
    return changed


def with_universal(manifest: dict) -> dict:
    """The manifest with schedules besides that send by `SendMessage` itself, and a queue for dead letters."""
    changed = copy.deepcopy(with_schedule(with_fifo(manifest)))
    standard, fifo = (next(q["name"] for q in changed["queues"] if q["fifo"] == is_fifo) for is_fifo in (False, True))
    late = {
        "delay_seconds": 900,
        "message_group_id": None,
        "message_deduplication_id": None,
        "message_attributes": {"origin": "<aws.scheduler.schedule-arn>", "price": "${5}"},
    }
    ordered = {
        "delay_seconds": 0,
        "message_group_id": "group",
        "message_deduplication_id": "ordered:<aws.scheduler.scheduled-time>",
        "message_attributes": {},
    }
    changed["schedules"] += [
        {**schedule_of("late", standard), "universal": late, "delete_after": True, "start_date": "2098-01-01T00:00:00Z"},
        {**schedule_of("ordered", fifo), "universal": ordered},
    ]
    changed["schedule_dead_letter_queue"] = standard
    return changed


def schedule_of(name: str, queue: str) -> dict:
    """A schedule as the manifest has it. Its message holds what is easily escaped once too often, or not often enough."""
    return {
        "name": name,
        "schedule_expression": NEVER,
        "queue": queue,
        "input": json.dumps({"id": f"{name}:<aws.scheduler.scheduled-time>", "text": "a & b ${price} \\u003c \u00e9"}),
        "enabled": True,
        "flexible_minutes": 0,
        "maximum_retry_attempts": 185,
        "maximum_event_age_in_seconds": 86400,
        "universal": None,
        "delete_after": False,
    }
