"""Where the emulator is: clients of its services, and its address in Celery's terms."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import boto3
from botocore.config import Config

from celeriac_infra.place import Place

# Of the emulator alone: neither a profile nor an instance's role is looked at, so nothing can reach
# an AWS account.
CREDENTIALS = "test"
# Celery's DynamoDB backend takes this one for a local address, whatever else is set.
REGION = "us-east-1"


@dataclass(frozen=True)
class Endpoint:
    """An emulator's URL."""

    url: str

    @classmethod
    def at(cls, url: str) -> Endpoint:
        return cls(url.rstrip("/"))

    @property
    def host(self) -> str:
        """With the port."""
        return self.url.split("://", 1)[-1]

    @property
    def broker_url(self) -> str:
        return f"sqs://{CREDENTIALS}:{CREDENTIALS}@{self.host}"

    def result_backend(self, table: str) -> str:
        return f"dynamodb://{CREDENTIALS}:{CREDENTIALS}@{self.host}/{table}"

    def client(self, service: str):
        return _client(self.url, service)

    def place(self) -> Place:
        """What stands for the manifest's placeholders here."""
        return Place("aws", REGION, self.client("sts").get_caller_identity()["Account"])


@cache
def _client(url: str, service: str):
    # A function's package takes a while; retries would only hide what an emulator does not know.
    config = Config(connect_timeout=5, read_timeout=120, retries={"total_max_attempts": 2})
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS,
        aws_secret_access_key=CREDENTIALS,
        config=config,
    )
