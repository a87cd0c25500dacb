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
    """The same app with a prefix in front of its name and of those of its queues and its table."""
    named = copy.deepcopy(manifest)
    for queue in named["queues"]:
        queue["queue_name"] = f"{prefix}-{queue['queue_name']}"
        queue["dead_letter_queue"] = f"{prefix}-{queue['dead_letter_queue']}"
    if named["table"]:
        named["table"]["name"] = f"{prefix}-{named['table']['name']}"
    named["app"] = named["schedule_group"] = f"{prefix}-{named['app']}"
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


def with_schedule(manifest: dict) -> dict:
    """The manifest, with a schedule in it in any case; it is years away."""
    if manifest["schedules"]:
        return manifest
    changed = copy.deepcopy(manifest)
    schedule = {
        "name": "new-year",
        "schedule_expression": "cron(0 9 1 1 ? 2099)",
        "schedule_expression_timezone": "Asia/Seoul",
        "queue": changed["queues"][0]["name"],
        "input": '{"id": "new-year-<aws.scheduler.scheduled-time>"}',
        "enabled": True,
        "flexible_minutes": 0,
        "maximum_retry_attempts": 185,
        "maximum_event_age_in_seconds": 86400,
    }
    changed["schedules"] = [schedule]
    arn = "arn:${partition}:sqs:${region}:${account}:" + changed["queues"][0]["queue_name"]
    rights = {"sid": "SendTasks", "actions": ["sqs:SendMessage"], "resources": [arn]}
    changed["roles"]["scheduler"] = {"trusted_services": ["scheduler.amazonaws.com"], "statements": [rights]}
    return changed
