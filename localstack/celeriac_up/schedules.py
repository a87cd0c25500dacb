"""Schedules in EventBridge Scheduler, and their group."""

from __future__ import annotations

from datetime import datetime, timezone

from celeriac_infra import send_message
from celeriac_infra.manifest import Manifest, Schedule
from celeriac_infra.place import Place

from . import firing, roles
from .endpoint import Endpoint
from .queues import queue_arn
from .report import Report, differing

# What the service, and each emulator in its way, says of what was not given.
DEFAULTS = {"Description": "", "ScheduleExpressionTimezone": "UTC", "StartDate": None, "EndDate": None}


def check(manifest: Manifest) -> None:
    """Raises where AWS would refuse a schedule, which emulators do not."""
    manifest.dead_letters_of_schedules()
    for schedule in manifest.schedules:
        manifest.queue(schedule.queue)
        if schedule.universal:
            send_message.request(manifest, schedule)


def create(manifest: Manifest, endpoint: Endpoint, place: Place, report: Report) -> None:
    """The group is the app's own: schedules in it that the manifest no longer has are deleted."""
    group = manifest.schedule_group
    if not group:
        return
    scheduler = endpoint.client("scheduler")
    _create_group(scheduler, group, report)
    role = roles.create(manifest, "scheduler", endpoint, place, report) if manifest.schedules else ""
    for schedule in manifest.schedules:
        target = {**_target(manifest, schedule, endpoint, place), "RoleArn": role}
        _put(scheduler, _properties(manifest, schedule, target), report)
    _delete_others(scheduler, group, {schedule.name for schedule in manifest.schedules}, report)
    for note in firing.notes(manifest.schedules, endpoint):
        report.note(note)


def _create_group(scheduler, group: str, report: Report) -> None:
    try:
        scheduler.get_schedule_group(Name=group)
        report.compared(f"schedule group {group}", [])
    except scheduler.exceptions.ResourceNotFoundException:
        scheduler.create_schedule_group(Name=group)
        report.created(f"schedule group {group}")


def _target(manifest: Manifest, schedule: Schedule, endpoint: Endpoint, place: Place) -> dict:
    """But for its role."""
    dead_letters = manifest.dead_letters_of_schedules()
    called = _universal(manifest, schedule, endpoint, place) if schedule.universal else _plain(manifest, schedule, place)
    return {
        **called,
        "RetryPolicy": {
            "MaximumRetryAttempts": schedule.maximum_retry_attempts,
            "MaximumEventAgeInSeconds": schedule.maximum_event_age_in_seconds,
        },
        **({"DeadLetterConfig": {"Arn": queue_arn(dead_letters, place)}} if dead_letters else {}),
    }


def _plain(manifest: Manifest, schedule: Schedule, place: Place) -> dict:
    group = schedule.message_group_id
    return {
        "Arn": queue_arn(manifest.queue(schedule.queue), place),
        "Input": schedule.input,
        **({"SqsParameters": {"MessageGroupId": group}} if group else {}),
    }


def _universal(manifest: Manifest, schedule: Schedule, endpoint: Endpoint, place: Place) -> dict:
    parameters = send_message.request(manifest, schedule)
    name = manifest.queue(schedule.queue).queue_name
    parameters["QueueUrl"] = endpoint.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    return {"Arn": place.put(send_message.TARGET), "Input": send_message.encoded(parameters)}


def _properties(manifest: Manifest, schedule: Schedule, target: dict) -> dict:
    minutes = schedule.flexible_minutes
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
