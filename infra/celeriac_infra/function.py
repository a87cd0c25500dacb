"""The Lambda function, its log group, and what feeds it from each queue."""

from __future__ import annotations

from . import tags
from .manifest import Manifest, Queue
from .names import logical
from .options import PLAIN_BATCH, Options
from .place import Stack, arn
from .queues import arn_of

CONDITION = "HasFunction"
NO_VALUE = {"Ref": "AWS::NoValue"}


def name(manifest: Manifest) -> str:
    """The function's."""
    return f"{manifest.deployment}-worker"


def log_group(manifest: Manifest) -> str:
    """Where it writes."""
    return f"/aws/lambda/{name(manifest)}"


def environment(manifest: Manifest) -> dict[str, str]:
    """Of worker and function, with placeholders.

    CloudWatch takes metrics out of the log. In JSON no text of a task can begin a line of its own there.
    """
    return {"CELERIAC_WORKER_LOG_FORMAT": "json", **manifest.environment, "CELERIAC_METRICS": "emf"}


def log_policy(manifest: Manifest) -> dict:
    """The one right beside the manifest's: writing to its own log group."""
    streams = arn("logs", f"log-group:{log_group(manifest)}:log-stream:*")
    statement = {
        "Sid": "WriteLogs",
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": Stack().put(streams),
    }
    return {"PolicyName": "logs", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}


def resources(manifest: Manifest, options: Options) -> dict:
    """By logical name; made only where the stack is given a package or an image."""
    if not options.function_queues:
        return {}
    made = {"FunctionLogs": _log_group(manifest), "Function": _function(manifest, options)}
    for queue in options.function_queues:
        made[logical("From", queue.queue_name)] = _mapping(queue, options)
    return {key: {**resource, "Condition": CONDITION} for key, resource in made.items()}


def _log_group(manifest: Manifest) -> dict:
    return {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {"LogGroupName": log_group(manifest), "RetentionInDays": {"Ref": "LogRetentionDays"}},
    }


def _function(manifest: Manifest, options: Options) -> dict:
    zipped = {"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": {"Ref": "CodeKey"}}
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "FunctionName": name(manifest),
            "Description": f"celeriac worker of {manifest.deployment}",
            "PackageType": {"Fn::If": ["UsesImage", "Image", "Zip"]},
            "Code": {"Fn::If": ["UsesImage", {"ImageUri": {"Ref": "ImageUri"}}, zipped]},
            "Runtime": {"Fn::If": ["UsesImage", NO_VALUE, "provided.al2023"]},
            "Handler": {"Fn::If": ["UsesImage", NO_VALUE, "bootstrap"]},
            "Architectures": [{"Ref": "Architecture"}],
            "MemorySize": {"Ref": "MemorySize"},
            "Timeout": options.function_timeout,
            "Role": {"Fn::GetAtt": ["LambdaRole", "Arn"]},
            "Environment": {"Variables": Stack().put(environment(manifest))},
            "LoggingConfig": {"LogFormat": "Text", "LogGroup": {"Ref": "FunctionLogs"}},
            # Retries, chains and long countdowns send to the function's own queues. Lambda takes
            # the 16th time in a row for a loop and stops it; what bounds a real one is
            # MaximumConcurrency.
            "RecursiveLoop": "Allow",
            "Tags": tags.of(manifest),
        },
    }


def _mapping(queue: Queue, options: Options) -> dict:
    properties = {
        "EventSourceArn": arn_of(queue),
        "FunctionName": {"Ref": "Function"},
        "BatchSize": min(options.batch_size, PLAIN_BATCH) if queue.fifo else options.batch_size,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": {"Ref": "MaximumConcurrency"}},
    }
    if options.batching_window and not queue.fifo:
        properties["MaximumBatchingWindowInSeconds"] = options.batching_window
    return {"Type": "AWS::Lambda::EventSourceMapping", "Properties": properties}
