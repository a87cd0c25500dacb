"""Schedules in EventBridge Scheduler, and their group."""

from __future__ import annotations

import re
import sys
from datetime import datetime, timedelta, timezone

from . import roles, send_message, tags
from .manifest import Manifest, ManifestError, Schedule
from .names import logical
from .place import Stack
from .queues import arn_of

# A template takes this long from here to AWS.
UNTIL_APPLIED = timedelta(minutes=15)
_RATE = re.compile(r"rate\((\d+) minutes\)")


def resources(manifest: Manifest) -> dict:
    """By logical name."""
    if not manifest.schedule_group:
        return {}
    if manifest.schedules and not manifest.role("scheduler"):
        raise ManifestError("the manifest has schedules, and no rights for the role `scheduler`")
    group = {"Name": manifest.schedule_group, "Tags": tags.of(manifest)}
    made = {"ScheduleGroup": {"Type": "AWS::Scheduler::ScheduleGroup", "Properties": group}}
    for schedule in manifest.schedules:
        properties = _present(_schedule(manifest, schedule))
        made[logical("Schedule", schedule.name)] = {"Type": "AWS::Scheduler::Schedule", "Properties": properties}
    return made


def dead_letter_policy(manifest: Manifest) -> list[dict]:
    """What the role needs beside the manifest's rights, where firings that could not be delivered have a queue."""
    queue = manifest.dead_letters_of_schedules()
    if queue is None:
        return []
    statement = {"Sid": "DeadLetter", "Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": arn_of(queue)}
    return [{"PolicyName": "dead-letters", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}]


def _schedule(manifest: Manifest, schedule: Schedule) -> dict:
    minutes = schedule.flexible_minutes
    return {
        "Name": schedule.name,
        "GroupName": {"Ref": "ScheduleGroup"},
        "Description": schedule.description,
        "State": "ENABLED" if schedule.enabled else "DISABLED",
        "ScheduleExpression": schedule.schedule_expression,
        "ScheduleExpressionTimezone": schedule.schedule_expression_timezone,
        "StartDate": _start(schedule, datetime.now(timezone.utc)),
        "EndDate": schedule.end_date,
        "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": minutes} if minutes else {"Mode": "OFF"},
        "Target": _target(manifest, schedule),
    }


def _start(schedule: Schedule, now: datetime) -> str | None:
    """AWS refuses a start in the past. A rate counts from its start, so one that has been is moved by whole periods."""
    if schedule.start_date is None:
        return None
    start = datetime.fromisoformat(schedule.start_date.replace("Z", "+00:00"))
    rate = _RATE.fullmatch(schedule.schedule_expression)
    if start <= now + (UNTIL_APPLIED if rate else timedelta()):
        if not rate:
            return None
        period = timedelta(minutes=int(rate[1]))
        start += period * ((now + UNTIL_APPLIED - start) // period + 1)
    text = start.strftime("%Y-%m-%dT%H:%M:%SZ")
    if rate:
        print(f"note: schedule `{schedule.name}` counts from {text}: create or update the stack until then", file=sys.stderr)
    return text


def _target(manifest: Manifest, schedule: Schedule) -> dict:
    dead_letters = manifest.dead_letters_of_schedules()
    target = {
        **(_plain(manifest, schedule) if schedule.universal is None else _universal(manifest, schedule)),
        "RoleArn": {"Fn::GetAtt": [roles.logical("scheduler"), "Arn"]},
        "RetryPolicy": {
            "MaximumRetryAttempts": schedule.maximum_retry_attempts,
            "MaximumEventAgeInSeconds": schedule.maximum_event_age_in_seconds,
        },
        "DeadLetterConfig": {"Arn": arn_of(dead_letters)} if dead_letters else None,
    }
    return _present(target)


def _plain(manifest: Manifest, schedule: Schedule) -> dict:
    group = schedule.message_group_id
    return {
        "Arn": arn_of(manifest.queue(schedule.queue)),
        "Input": schedule.input,
        "SqsParameters": {"MessageGroupId": group} if group else None,
    }


def _universal(manifest: Manifest, schedule: Schedule) -> dict:
    queue = manifest.queue(schedule.queue)
    url = queue.url or "${" + logical("Queue", queue.queue_name) + "}"
    parameters = {**Stack().literal(send_message.request(manifest, schedule)), "QueueUrl": url}
    return {"Arn": Stack().put(send_message.TARGET), "Input": {"Fn::Sub": send_message.encoded(parameters)}}


def _present(properties: dict) -> dict:
    return {key: value for key, value in properties.items() if value is not None}
