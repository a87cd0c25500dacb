"""An emulator of SQS and DynamoDB: where it is, and what lies in it."""

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import boto3
from process import clean_environment

REGION = "us-east-1"
REPAIRED_MINISTACK = Path(__file__).parents[2] / "localstack" / "repaired_ministack.py"


@dataclass(frozen=True)
class Emulator:
    """`url` serves SQS and DynamoDB, and of ministack also Lambda, CloudWatch Logs and EventBridge Scheduler."""

    name: str
    url: str

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    @cached_property
    def sqs(self):
        return self._client("sqs")

    @cached_property
    def dynamodb(self):
        return self._client("dynamodb")

    @cached_property
    def functions(self):
        return self._client("lambda")

    @cached_property
    def logs(self):
        return self._client("logs")

    @cached_property
    def scheduler(self):
        return self._client("scheduler")

    def _client(self, service):
        return boto3.client(
            service, endpoint_url=self.url, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
        )

    def queue_url(self, queue: str) -> str:
        return self.sqs.get_queue_url(QueueName=queue)["QueueUrl"]

    def queue_arn(self, queue: str) -> str:
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.queue_url(queue), AttributeNames=["QueueArn"])
        return attributes["Attributes"]["QueueArn"]

    def send(self, queue: str, body: str) -> None:
        """Puts a message body on a queue as it is."""
        self.sqs.send_message(QueueUrl=self.queue_url(queue), MessageBody=body)

    def take(self, queue: str) -> list[str]:
        """The bodies of all messages of a queue that no worker serves."""
        bodies = []
        while messages := self.sqs.receive_message(QueueUrl=self.queue_url(queue), MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                bodies.append(message["Body"])
                self.sqs.delete_message(QueueUrl=self.queue_url(queue), ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def count(self, queue: str) -> int:
        """Messages in a queue: waiting, held and delayed."""
        names = [f"ApproximateNumberOfMessages{kind}" for kind in ("", "NotVisible", "Delayed")]
        found = self.sqs.get_queue_attributes(QueueUrl=self.queue_url(queue), AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    def item(self, table: str, task_id: str) -> dict | None:
        """A task's item, read consistently."""
        key = {"id": {"S": f"b'celery-task-meta-{task_id}'"}}
        return self.dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")


def start_ministack() -> tuple[Emulator, subprocess.Popen]:
    """For a run of pytest by itself; `./test` starts its own."""
    port = free_port()
    # Its functions inherit its environment.
    env = {**clean_environment(), "BIND_HOST": "127.0.0.1", "MINISTACK_HOST": "127.0.0.1"}
    env |= {"GATEWAY_PORT": str(port), "EDGE_PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "-B", str(REPAIRED_MINISTACK)], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            urllib.request.urlopen(url, timeout=2)
        except urllib.error.HTTPError:
            break
        except OSError:
            time.sleep(0.1)
        else:
            break
    return Emulator("ministack", url), process


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def unique(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:10]}"
