"""SQS's `SendMessage` as EventBridge Scheduler's universal target: the call's parameters are the schedule's input."""

from __future__ import annotations

import json

from .manifest import Manifest, ManifestError, Schedule, Universal

TARGET = "arn:${partition}:scheduler:::aws-sdk:sqs:sendMessage"
# SQS's limits.
MAX_DELAY, MAX_ATTRIBUTES = 900, 10


def request(manifest: Manifest, schedule: Schedule) -> dict:
    """The parameters, but for `QueueUrl`."""
    universal = schedule.universal
    _check(schedule, universal, fifo=manifest.queue(schedule.queue).fifo)
    attributes = universal.message_attributes
    parameters = {
        "MessageBody": schedule.input,
        # FIFO queues refuse a delay, even one of 0.
        "DelaySeconds": universal.delay_seconds or None,
        "MessageGroupId": schedule.group_id,
        "MessageDeduplicationId": universal.message_deduplication_id,
        "MessageAttributes": {name: {"DataType": "String", "StringValue": text} for name, text in attributes.items()} or None,
    }
    return {name: value for name, value in parameters.items() if value is not None}


def encoded(parameters: dict) -> str:
    """As Terraform's module has it. Nothing in it may be escaped that need not be: the service finds
    `<aws.scheduler.scheduled-time>` as bare text only."""
    return json.dumps(parameters, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _check(schedule: Schedule, universal: Universal, fifo: bool) -> None:
    def refuse(why: str) -> None:
        raise ManifestError(f"schedule `{schedule.name}`: {why}")

    delay = universal.delay_seconds
    if not 0 <= delay <= MAX_DELAY or delay != int(delay):
        refuse(f"SQS delays a message by 0 to {MAX_DELAY} whole seconds, not by {delay}")
    if fifo and delay:
        refuse("SQS delays no single message of a FIFO queue")
    if fifo and not schedule.group_id:
        refuse("a message to a FIFO queue needs a `message_group_id`")
    if fifo != bool(universal.message_deduplication_id):
        refuse("a message to a FIFO queue needs a `message_deduplication_id`, and SQS refuses one on any other queue")
    if len(universal.message_attributes) > MAX_ATTRIBUTES or "" in universal.message_attributes.values():
        refuse(f"an SQS message has at most {MAX_ATTRIBUTES} attributes, and none of them is empty")
