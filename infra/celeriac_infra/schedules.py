"""Schedules in EventBridge Scheduler, and their group."""

from __future__ import annotations

from . import roles, tags
from .manifest import Manifest, ManifestError, Schedule
from .names import logical


def resources(manifest: Manifest) -> dict:
    """By logical name."""
    if not manifest.schedule_group:
        return {}
    if manifest.schedules and not manifest.role("scheduler"):
        raise ManifestError("the manifest has schedules, and no rights for the role `scheduler`")
    group = {"Name": manifest.schedule_group, "Tags": tags.of(manifest.app)}
    made = {"ScheduleGroup": {"Type": "AWS::Scheduler::ScheduleGroup", "Properties": group}}
    for schedule in manifest.schedules:
        properties = _present(_schedule(manifest, schedule))
        made[logical("Schedule", schedule.name)] = {"Type": "AWS::Scheduler::Schedule", "Properties": properties}
    return made


def _schedule(manifest: Manifest, schedule: Schedule) -> dict:
    minutes = schedule.flexible_minutes
    return {
        "Name": schedule.name,
        "GroupName": {"Ref": "ScheduleGroup"},
        "Description": schedule.description,
        "State": "ENABLED" if schedule.enabled else "DISABLED",
        "ScheduleExpression": schedule.schedule_expression,
        "ScheduleExpressionTimezone": schedule.schedule_expression_timezone,
        "StartDate": schedule.start_date,
        "EndDate": schedule.end_date,
        "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": minutes} if minutes else {"Mode": "OFF"},
        "Target": _target(manifest, schedule),
    }


def _target(manifest: Manifest, schedule: Schedule) -> dict:
    group = schedule.message_group_id
    target = {
        "Arn": {"Fn::GetAtt": [logical("Queue", manifest.queue(schedule.queue).queue_name), "Arn"]},
        "RoleArn": {"Fn::GetAtt": [roles.logical("scheduler"), "Arn"]},
        "Input": schedule.input,
        "RetryPolicy": {
            "MaximumRetryAttempts": schedule.maximum_retry_attempts,
            "MaximumEventAgeInSeconds": schedule.maximum_event_age_in_seconds,
        },
        "SqsParameters": {"MessageGroupId": group} if group else None,
    }
    return _present(target)


def _present(properties: dict) -> dict:
    return {key: value for key, value in properties.items() if value is not None}
