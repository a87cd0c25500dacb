"""Queues and dead-letter queues."""

from __future__ import annotations

import json

from celeriac_infra.manifest import Manifest, Queue
from celeriac_infra.options import Options
from celeriac_infra.place import Place, arn
from celeriac_infra.queues import LONG_POLL, dead_letter_queues

from .endpoint import Endpoint
from .report import Report, differing

FIFO = {"FifoQueue": "true", "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
# Attributes that hold JSON, which emulators write in their own way.
JSON = ("RedrivePolicy", "RedriveAllowPolicy")


def create(manifest: Manifest, options: Options, endpoint: Endpoint, place: Place, report: Report) -> None:
    """Dead-letter queues first: the others name them."""
    for name, sources in dead_letter_queues(manifest).items():
        _put(endpoint, f"dead-letter queue {name}", name, _of_dead_letters(sources, place), report)
    for queue in manifest.queues:
        _put(endpoint, f"queue {queue.queue_name}", queue.queue_name, _of(queue, options, place), report)


def queue_arn(queue: Queue, place: Place) -> str:
    return place.put(arn("sqs", queue.queue_name))


def _of(queue: Queue, options: Options, place: Place) -> dict[str, str]:
    attributes = _common(queue.fifo, queue.message_retention)
    attributes["VisibilityTimeout"] = str(options.visibility_timeout(queue))
    if queue.dead_letter_queue:
        target = place.put(arn("sqs", queue.dead_letter_queue))
        attributes["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": queue.max_receive_count})
    return attributes


def _of_dead_letters(sources: list[Queue], place: Place) -> dict[str, str]:
    attributes = _common(sources[0].fifo, max(source.dead_letter_retention for source in sources))
    allowed = {"redrivePermission": "byQueue", "sourceQueueArns": [queue_arn(source, place) for source in sources]}
    attributes["RedriveAllowPolicy"] = json.dumps(allowed)
    return attributes


def _common(fifo: bool, retention: int) -> dict[str, str]:
    attributes = {"MessageRetentionPeriod": str(retention), "ReceiveMessageWaitTimeSeconds": str(LONG_POLL)}
    return {**attributes, **FIFO} if fifo else attributes


def _put(endpoint: Endpoint, thing: str, name: str, wanted: dict[str, str], report: Report) -> None:
    sqs = endpoint.client("sqs")
    try:
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    except sqs.exceptions.QueueDoesNotExist:
        sqs.create_queue(QueueName=name, Attributes=wanted)
        report.created(thing)
        return
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    changed = differing(_parsed(wanted), _parsed(found))
    if changed:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={key: wanted[key] for key in changed})
    report.compared(thing, changed)


def _parsed(attributes: dict[str, str]) -> dict:
    return {key: _policy(value) if key in JSON else value for key, value in attributes.items()}


def _policy(text: str) -> dict:
    # SQS itself gives numbers back as text here and there.
    return {key: value if isinstance(value, list) else str(value) for key, value in json.loads(text or "{}").items()}
