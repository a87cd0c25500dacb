"""LocalStack's own DynamoDB is a Java program that it downloads; here it forwards to `LS_DYNAMODB_URL` instead."""

import os

from localstack.services.plugins import Service, aws_provider


@aws_provider(api="dynamodb", name="http")
def dynamodb_http():
    from localstack.aws.api.dynamodb import DynamodbApi
    from localstack.aws.forwarder import HttpFallbackDispatcher

    class Forwarded(DynamodbApi):
        """Every operation falls back to the forwarder."""

    url = os.environ["LS_DYNAMODB_URL"]
    return Service.for_provider(
        Forwarded(),
        dispatch_table_factory=lambda provider: HttpFallbackDispatcher(provider, lambda *_: url),
    )
