"""When a schedule of EventBridge Scheduler is due (EventBridge Scheduler user guide, "Schedule types")."""

import math
import re
from datetime import datetime, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ministack.services import eventbridge, scheduler

ONE_TIME = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
NEVER = math.inf


def first_after(schedule: dict, time: float) -> float | None:
    """In seconds since the epoch; None where there is none any more, NEVER where AWS would have refused the schedule.

    ministack reads the time zone of neither `at` nor `cron`, and lets a rate without a start wait for its first period.
    """
    try:
        zone = ZoneInfo(schedule["ScheduleExpressionTimezone"] or "UTC")
        one_time = is_one_time(schedule)
        found = (_at if one_time else _recurring)(schedule, zone, time)
    except (ValueError, ZoneInfoNotFoundError):
        return NEVER
    end = scheduler._to_epoch(schedule.get("EndDate"))
    is_over = found is not None and end is not None and found > end and not one_time
    return None if is_over else found


def is_one_time(schedule: dict) -> bool:
    return schedule["ScheduleExpression"].startswith("at(")


def _at(schedule: dict, zone: ZoneInfo, time: float) -> float | None:
    found = ONE_TIME.fullmatch(schedule["ScheduleExpression"])
    if not found:
        raise ValueError(schedule["ScheduleExpression"])
    at = datetime.fromisoformat(found[1]).replace(tzinfo=zone).timestamp()
    return at if at > time else None


def _recurring(schedule: dict, zone: ZoneInfo, time: float) -> float | None:
    expression = schedule["ScheduleExpression"]
    if period := eventbridge._parse_rate_seconds(expression):
        start = scheduler._to_epoch(schedule.get("StartDate")) or schedule["CreationDate"]
        return start + max(0, math.floor((time - start) / period) + 1) * period
    fields = eventbridge._parse_cron_fields(expression)
    if fields is None:
        raise ValueError(expression)
    return _cron(fields, zone, time)


def _cron(fields, zone: ZoneInfo, time: float) -> float | None:
    """Times that the clock skips are left out, and of those that it shows twice the first counts."""
    wall = datetime.fromtimestamp(time, zone).replace(tzinfo=timezone.utc, fold=0)
    while wall := eventbridge._cron_next_fire(fields, wall):
        found = wall.replace(tzinfo=zone).timestamp()
        is_skipped = datetime.fromtimestamp(found, zone).replace(tzinfo=timezone.utc, fold=0) != wall
        if found > time and not is_skipped:
            return found
    return None
