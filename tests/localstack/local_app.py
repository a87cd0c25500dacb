"""`localstack/up`, and an app that it creates."""

import copy
import json
import os
import subprocess
import sys
import uuid
from functools import cached_property
from pathlib import Path

import boto3
from celery import Celery

ROOT = Path(__file__).parents[2]
UP = ROOT / "localstack" / "up"
REGION, ACCOUNT = "us-east-1", "000000000000"


def clean_environment() -> dict[str, str]:
    """This process's environment without settings of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CELERIAC_")}


def up(*args, cwd: Path, **variables: str) -> subprocess.CompletedProcess:
    """Runs it to its end."""
    command = [sys.executable, str(UP), *map(str, args)]
    environment = {**clean_environment(), **variables}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=120)


class LocalApp:
    """The shop, its names beginning with a prefix that nobody else has."""

    def __init__(self, url: str, binary: Path, folder: Path):
        self.url = url
        self.binary = binary
        self.folder = folder
        self.prefix = f"up{uuid.uuid4().hex[:8]}"
        # Tests add the schedules that they need.
        self.manifest = {**self._renamed(json.loads(self._printed())), "schedules": []}
        self.notes: list[str] = []
        self.was_up = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """The emulator polls nothing and fires nothing for it any more."""
        if self.was_up or self.created():
            self.manifest["schedules"] = []
            self.up("--no-function")

    # ---- the app

    @property
    def name(self) -> str:
        return self.manifest["app"]

    @property
    def function(self) -> str:
        return f"{self.name}-worker"

    @property
    def table(self) -> str:
        return f"{self.prefix}-results"

    @property
    def settings(self) -> dict[str, str]:
        """By which the program itself tells of the prefix."""
        return {
            "CELERIAC_BROKER_TRANSPORT_OPTIONS__QUEUE_NAME_PREFIX": f"{self.prefix}-",
            "CELERIAC_RESULT_BACKEND": f"dynamodb://@{REGION}/{self.table}",
        }

    def _printed(self) -> str:
        environment = {**clean_environment(), **self.settings}
        command = [str(self.binary), "manifest"]
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=True).stdout

    def _renamed(self, manifest: dict) -> dict:
        """Functions, roles and schedules are named by the app."""
        return {**manifest, "app": f"{self.prefix}-shop", "schedule_group": f"{self.prefix}-shop"}

    def add_fifo_queue(self) -> None:
        fifo = {**copy.deepcopy(self.manifest["queues"][0]), "name": "ordered.fifo", "fifo": True}
        names = {"queue_name": f"{self.prefix}-ordered.fifo", "dead_letter_queue": f"{self.prefix}-ordered-dlq.fifo"}
        self.manifest["queues"].append({**fifo, **names})

    def add_schedule(self, name: str, expression: str, message: str, **others) -> None:
        """Of a message, to the first queue; `others` are further members of the manifest's entry."""
        queue = self.manifest["queues"][0]
        schedule = {
            "name": name,
            "schedule_expression": expression,
            "queue": queue["name"],
            "input": message,
            "enabled": True,
            "flexible_minutes": 0,
            "maximum_retry_attempts": 185,
            "maximum_event_age_in_seconds": 86400,
            **others,
        }
        self.manifest["schedules"].append(schedule)
        right = {
            "sid": "SendTasks",
            "actions": ["sqs:SendMessage"],
            "resources": [f"arn:${{partition}}:sqs:${{region}}:${{account}}:{queue['queue_name']}"],
        }
        self.manifest["roles"]["scheduler"]["statements"] = [right]

    # ---- creating it

    def up(self, *args, binary: Path | None = None) -> list[str]:
        """Of the manifest as it is now; the lines of what became of what. What else it tells is in `notes`."""
        file = self.folder / "manifest.json"
        file.write_text(json.dumps(self.manifest))
        done = up("--emulator", self.url, "--binary", binary or self.binary, "--manifest", file, *args, cwd=self.folder)
        assert done.returncode == 0, done.stdout + done.stderr
        self.was_up, self.notes = True, notes(done.stdout)
        return changes(done.stdout)

    # ---- what is there

    def client(self, service: str):
        return boto3.client(
            service, endpoint_url=self.url, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
        )

    def created(self) -> bool:
        lambda_ = self.client("lambda")
        try:
            lambda_.get_function_configuration(FunctionName=self.function)
        except lambda_.exceptions.ResourceNotFoundException:
            return False
        return True

    def queue(self, name: str) -> dict:
        """Attributes, by the SQS name."""
        sqs = self.client("sqs")
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]

    @cached_property
    def python(self) -> Celery:
        """A client of real Celery."""
        host = self.url.removeprefix("http://")
        python = Celery("client", broker=f"sqs://test:test@{host}", backend=f"dynamodb://test:test@{host}/{self.table}")
        python.conf.broker_transport_options = {"region": REGION, "is_secure": False, "queue_name_prefix": f"{self.prefix}-"}
        return python


def changes(output: str) -> list[str]:
    """The first block of what it prints."""
    return [line for line in _first_block(output) if not line.startswith("note ")]


def notes(output: str) -> list[str]:
    """The lines in it of what is other than on AWS."""
    return [line.removeprefix("note ") for line in _first_block(output) if line.startswith("note ")]


def _first_block(output: str) -> list[str]:
    return [" ".join(line.split()) for line in output.split("\n\n")[0].splitlines()]


def placed(value):
    """The manifest's text in the emulator's account."""
    text = json.dumps(value)
    for name, place in {"partition": "aws", "region": REGION, "account": ACCOUNT}.items():
        text = text.replace("${" + name + "}", place)
    return json.loads(text)
