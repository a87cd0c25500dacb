"""EventBridge Scheduler as AWS has it, where ministack 1.5.33 has not: its pages, when schedules are due, and what they call."""

import json
import logging
import math
import sys
import time
from datetime import datetime, timezone

from ministack.core.responses import get_region, new_uuid, set_request_account_id, set_request_region
from ministack.services import eventbridge, scheduler, sqs
from ministack_loop import on_loop
from schedule_time import first_after, is_one_time

SEND_MESSAGE = "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"
TICK = 1  # seconds; ministack looks every 10

logger = logging.getLogger("scheduler")
list_all = scheduler._list_schedules
send_message = on_loop(sqs._act_send_message)
# Of each schedule that has fired: when it was created (another of its name may have been there
# before), and its last time.
fired: dict[tuple, tuple[float, float]] = {}
# Of each schedule: the version that was looked at, and when that is due. Found once, or many
# schedules would take all of a second.
upcoming: dict[tuple, tuple[tuple, float | None]] = {}


def repair() -> None:
    scheduler._list_schedules = list_page
    scheduler._tick_schedules = tick
    scheduler._SCHEDULE_TICK_INTERVAL = TICK


def list_page(query: dict):
    """ministack has no NextToken: it leaves out what is over MaxResults."""
    status, headers, body = list_all({**query, "MaxResults": sys.maxsize})
    after, size = query.get("NextToken", ""), int(query.get("MaxResults", 100))
    left = sorted((each for each in json.loads(body)["Schedules"] if _token(each) > after), key=_token)
    page = {"Schedules": left[:size], **({"NextToken": _token(left[size - 1])} if len(left) > size else {})}
    return status, headers, json.dumps(page).encode()


def _token(schedule: dict) -> str:
    return f"{schedule['GroupName']}/{schedule['Name']}"


def tick() -> None:
    """ministack's own fires by UTC alone, fires a one-time schedule never again, not even one of the same name that was created
    later, and can say no time for which it fires."""
    now = time.time()
    for key, schedule in list(scheduler._schedules._data.items()):
        try:
            if schedule["State"] == "ENABLED":
                look_at(key, schedule, now)
        except Exception:
            logger.exception("schedule %s", key)


def look_at(key: tuple, schedule: dict, now: float) -> None:
    due = _due(key, schedule)
    if due is not None and due <= now:
        fired[key] = (schedule["CreationDate"], due)
        del upcoming[key]
        fire(key, schedule, due)
        due = _due(key, schedule)
    if due is None and schedule["ActionAfterCompletion"] == "DELETE":
        scheduler._schedules._data.pop(key, None)


def _due(key: tuple, schedule: dict) -> float | None:
    version = (schedule["CreationDate"], schedule["LastModificationDate"])
    if key not in upcoming or upcoming[key][0] != version:
        upcoming[key] = (version, first_after(schedule, _past(key, schedule)))
    return upcoming[key][1]


def _past(key: tuple, schedule: dict) -> float:
    """Up to when nothing is due any more: a recurring schedule begins where it starts, is turned on, or is changed."""
    created, last = fired.get(key, (None, -math.inf))
    if created != schedule["CreationDate"]:
        last = -math.inf
    if is_one_time(schedule):
        return last
    begin = max(schedule["LastModificationDate"], scheduler._to_epoch(schedule.get("StartDate")) or 0)
    return max(last, begin - 0.001)  # the begin itself is due


def fire(key: tuple, schedule: dict, due: float) -> None:
    account, region, _ = key
    set_request_account_id(account)
    set_request_region(region)
    target = with_keywords(schedule, due)
    if target["Arn"] == SEND_MESSAGE:
        # ministack knows no target that is a call of an API.
        send_message(json.loads(target["Input"]), "")
        return
    event = {
        "EventId": new_uuid(),
        "Source": "aws.scheduler",
        "DetailType": "Scheduled Event",
        "Detail": "{}",
        "Time": due,
        "Resources": [schedule["Arn"]],
        "Account": account,
        "Region": get_region(),
    }
    eventbridge._invoke_target(target, event, schedule)


def with_keywords(schedule: dict, due: float) -> dict:
    """ministack sends `<aws.scheduler.…>` as it stands (EventBridge Scheduler user guide, "Adding context attributes")."""
    target = schedule["Target"]
    keywords = {
        "scheduled-time": datetime.fromtimestamp(due, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "execution-id": new_uuid(),
        "attempt-number": "1",
        "schedule-arn": schedule["Arn"],
    }
    text = target.get("Input", "")
    for name, value in keywords.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return {**target, "Input": text}
