"""Schedules in EventBridge Scheduler, and their group."""

from __future__ import annotations

from datetime import datetime, timezone

from celeriac_infra.manifest import Manifest, Schedule
from celeriac_infra.place import Place

from . import roles
from .endpoint import Endpoint
from .queues import queue_arn
from .report import Report, differing

# What the service, and each emulator in its way, says of what was not given.
DEFAULTS = {"Description": "", "ScheduleExpressionTimezone": "UTC", "StartDate": None, "EndDate": None}


def create(manifest: Manifest, endpoint: Endpoint, place: Place, report: Report) -> None:
    """The group is the app's own: schedules in it that the manifest no longer has are deleted."""
    group = manifest.schedule_group
    if not group:
        return
    scheduler = endpoint.client("scheduler")
    _create_group(scheduler, group, report)
    role = roles.create(manifest, "scheduler", endpoint, place, report) if manifest.schedules else ""
    for schedule in manifest.schedules:
        _put(scheduler, _properties(manifest, schedule, role, place), report)
    _delete_others(scheduler, group, {schedule.name for schedule in manifest.schedules}, report)


def _create_group(scheduler, group: str, report: Report) -> None:
    try:
        scheduler.get_schedule_group(Name=group)
        report.compared(f"schedule group {group}", [])
    except scheduler.exceptions.ResourceNotFoundException:
        scheduler.create_schedule_group(Name=group)
        report.created(f"schedule group {group}")


def _properties(manifest: Manifest, schedule: Schedule, role: str, place: Place) -> dict:
    minutes, group = schedule.flexible_minutes, schedule.message_group_id
    target = {
        "Arn": queue_arn(manifest.queue(schedule.queue), place),
        "RoleArn": role,
        "Input": schedule.input,
        "RetryPolicy": {
            "MaximumRetryAttempts": schedule.maximum_retry_attempts,
            "MaximumEventAgeInSeconds": schedule.maximum_event_age_in_seconds,
        },
        **({"SqsParameters": {"MessageGroupId": group}} if group else {}),
    }
    properties = {
        "Name": schedule.name,
        "GroupName": manifest.schedule_group,
        "Description": schedule.description,
        "State": "ENABLED" if schedule.enabled else "DISABLED",
        "ScheduleExpression": schedule.schedule_expression,
        "ScheduleExpressionTimezone": schedule.schedule_expression_timezone,
        "StartDate": _time(schedule.start_date),
        "EndDate": _time(schedule.end_date),
        "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": minutes} if minutes else {"Mode": "OFF"},
        "Target": target,
    }
    return {key: value for key, value in properties.items() if value is not None}


def _put(scheduler, wanted: dict, report: Report) -> None:
    thing = f"schedule {wanted['Name']}"
    try:
        found = scheduler.get_schedule(GroupName=wanted["GroupName"], Name=wanted["Name"])
    except scheduler.exceptions.ResourceNotFoundException:
        scheduler.create_schedule(**wanted)
        report.created(thing)
        return
    # An update replaces everything: what is left out returns to its default.
    changed = differing({**DEFAULTS, **wanted}, {**DEFAULTS, **found})
    if changed:
        scheduler.update_schedule(**wanted)
    report.compared(thing, changed)


def _delete_others(scheduler, group: str, wanted: set[str], report: Report) -> None:
    pages = scheduler.get_paginator("list_schedules").paginate(GroupName=group)
    names = [schedule["Name"] for page in pages for schedule in page["Schedules"]]
    for name in names:
        if name not in wanted:
            scheduler.delete_schedule(GroupName=group, Name=name)
            report.deleted(f"schedule {name}")


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    time = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)
