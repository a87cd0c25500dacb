"""Queues, their dead-letter queues, and the policies on both."""

from __future__ import annotations

from . import tags
from .manifest import Manifest, ManifestError, Queue
from .names import logical
from .options import Options
from .place import Stack, arn

# SQS: "you can specify up to 10 source queues" in `redriveAllowPolicy`.
MAX_REDRIVE_SOURCES = 10
# Seconds; for receivers that do not say, such as Lambda.
LONG_POLL = 20
# Limits and deduplication for each message group, not for the whole queue.
HIGH_THROUGHPUT = {"FifoQueue": True, "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}


def resources(manifest: Manifest, options: Options) -> dict:
    """By logical name."""
    made = {}
    for queue in to_make(manifest):
        made[logical("Queue", queue.queue_name)] = _queue(queue, options, tags.of(manifest, queue=queue.name))
    for name, sources in _dead_letter_queues(to_make(manifest)).items():
        marks = tags.of(manifest, dead_letters_of=" ".join(source.name for source in sources))
        made[logical("Queue", name)] = _dead_letter_queue(name, sources, marks)
    for name in _names(to_make(manifest)):
        made[logical("TlsOnly", name)] = _tls_only(name)
    return made


def to_make(manifest: Manifest) -> list[Queue]:
    """Those that are not there already."""
    return [queue for queue in manifest.queues if not queue.url]


def arn_of(queue: Queue) -> dict:
    """In a template."""
    if queue.url:
        return Stack().put(queue.arn)
    return {"Fn::GetAtt": [logical("Queue", queue.queue_name), "Arn"]}


def queue_names(manifest: Manifest) -> list[str]:
    """SQS names of every queue."""
    return _names(list(manifest.queues))


def _names(queues: list[Queue]) -> list[str]:
    return [*(queue.queue_name for queue in queues), *_dead_letter_queues(queues)]


def dead_letter_queues(manifest: Manifest) -> dict[str, list[Queue]]:
    """SQS name of each dead-letter queue, and the queues that it serves."""
    return _dead_letter_queues(list(manifest.queues))


def _dead_letter_queues(queues: list[Queue]) -> dict[str, list[Queue]]:
    found: dict[str, list[Queue]] = {}
    for queue in queues:
        if queue.dead_letter_queue:
            found.setdefault(queue.dead_letter_queue, []).append(queue)
    return found


def _queue(queue: Queue, options: Options, marks: list[dict]) -> dict:
    properties = {
        **_common(queue.queue_name, queue.fifo, queue.message_retention),
        "VisibilityTimeout": options.visibility_timeout(queue),
    }
    if queue.dead_letter_queue:
        properties["RedrivePolicy"] = {
            "deadLetterTargetArn": {"Fn::GetAtt": [logical("Queue", queue.dead_letter_queue), "Arn"]},
            "maxReceiveCount": queue.max_receive_count,
        }
    return _resource({**properties, "Tags": marks})


def _dead_letter_queue(name: str, sources: list[Queue], marks: list[dict]) -> dict:
    if len(sources) > MAX_REDRIVE_SOURCES:
        raise ManifestError(f"`{name}` is the dead-letter queue of more than {MAX_REDRIVE_SOURCES} queues")
    # By their names: the queues themselves already refer to this one.
    arns = [Stack().put(arn("sqs", source.queue_name)) for source in sources]
    return _resource(
        {
            **_common(name, sources[0].fifo, max(source.dead_letter_retention for source in sources)),
            "RedriveAllowPolicy": {"redrivePermission": "byQueue", "sourceQueueArns": arns},
            "Tags": marks,
        }
    )


def _common(name: str, fifo: bool, retention: int) -> dict:
    properties = {
        "QueueName": name,
        "MessageRetentionPeriod": retention,
        "ReceiveMessageWaitTimeSeconds": LONG_POLL,
        "SqsManagedSseEnabled": True,
    }
    return {**properties, **HIGH_THROUGHPUT} if fifo else properties


def _resource(properties: dict) -> dict:
    # A queue that a changed name replaces may still hold messages.
    return {
        "Type": "AWS::SQS::Queue",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Retain",
        "Properties": properties,
    }


def _tls_only(name: str) -> dict:
    queue = logical("Queue", name)
    statement = {
        "Sid": "RefuseWithoutTLS",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": {"Fn::GetAtt": [queue, "Arn"]},
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": {
            "Queues": [{"Ref": queue}],
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        },
    }
