"""A CloudFormation stack on an emulator, deleted at the end."""

import io
import json
import time
import zipfile

import boto3

from generated import template

REGION = "us-east-1"
# No task runs in these tests: a function that never answers is enough to be created.
BOOTSTRAP = "#!/bin/sh\nexit 1\n"


class Stack:
    """Of a manifest, as `infra/sam` writes it."""

    def __init__(self, url: str, manifest: dict):
        self.url = url
        self.manifest = manifest
        self.name = manifest["deployment"]
        self.function = f"{self.name}-worker"
        self.template = template(self.manifest)

    def __enter__(self):
        cloudformation = self.client("cloudformation")
        cloudformation.create_stack(
            StackName=self.name,
            TemplateBody=json.dumps(self.template),
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[
                {"ParameterKey": "CodeBucket", "ParameterValue": self._upload()},
                {"ParameterKey": "CodeKey", "ParameterValue": "bootstrap.zip"},
            ],
        )
        status = self._settled()
        assert status == "CREATE_COMPLETE", (status, self._failures())
        return self

    def __exit__(self, *_):
        self.client("cloudformation").delete_stack(StackName=self.name)
        # It is retained and protected, as it should be.
        if self.manifest["table"]:
            table, dynamodb = self.manifest["table"]["name"], self.client("dynamodb")
            dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
            dynamodb.delete_table(TableName=table)
        self.client("s3").delete_object(Bucket=self.name, Key="bootstrap.zip")
        self.client("s3").delete_bucket(Bucket=self.name)

    def client(self, service: str):
        return boto3.client(
            service, endpoint_url=self.url, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
        )

    def _upload(self) -> str:
        s3 = self.client("s3")
        s3.create_bucket(Bucket=self.name)
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as archive:
            archive.writestr("bootstrap", BOOTSTRAP)
        s3.put_object(Bucket=self.name, Key="bootstrap.zip", Body=package.getvalue())
        return self.name

    def _settled(self) -> str:
        for _ in range(300):
            status = self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"][0]["StackStatus"]
            if not status.endswith("IN_PROGRESS"):
                return status
            time.sleep(0.1)
        return status

    def _failures(self) -> list:
        events = self.client("cloudformation").describe_stack_events(StackName=self.name)["StackEvents"]
        failed = [event for event in events if event["ResourceStatus"].endswith("FAILED")]
        return [(event["LogicalResourceId"], event.get("ResourceStatusReason")) for event in failed]

    def physical(self, logical: str) -> str:
        """What the emulator called a resource."""
        answer = self.client("cloudformation").describe_stack_resource(StackName=self.name, LogicalResourceId=logical)
        return answer["StackResourceDetail"]["PhysicalResourceId"]

    def function_timeout(self, queue: dict | None = None) -> int:
        """Of the function on all queues: what the slowest one needs. Of a queue that it does not work on: none."""
        if queue and not queue["tasks"]:
            return 0
        return max(queue["function_timeout"] for queue in self.manifest["queues"] if queue["tasks"])
