"""What LocalStack's host mode lacks without Docker and without downloads: a DynamoDB, and something that runs functions."""

import os

from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.plugins import Service, aws_provider


@aws_provider(api="dynamodb", name="http")
def dynamodb_http():
    """LocalStack's own is a Java program that it downloads; this forwards to `LS_DYNAMODB_URL` (PROVIDER_OVERRIDE_DYNAMODB=http)."""
    from localstack.aws.api.dynamodb import DynamodbApi
    from localstack.aws.forwarder import HttpFallbackDispatcher

    class Forwarded(DynamodbApi):
        """Every operation falls back to the forwarder."""

    url = os.environ["LS_DYNAMODB_URL"]
    return Service.for_provider(
        Forwarded(),
        dispatch_table_factory=lambda provider: HttpFallbackDispatcher(provider, lambda *_: url),
    )


class ProcessExecutorPlugin(RuntimeExecutorPlugin):
    """LocalStack's own runs functions in containers; this in child processes (LAMBDA_RUNTIME_EXECUTOR=process)."""

    name = "process"

    def load(self, *args, **kwargs):
        from lshost_process import ProcessExecutor

        return ProcessExecutor
