"""The repairs that `localstack/ministack` makes to ministack's schedules: pages, times, keywords, and calls of SQS's own API."""

import json
import re
import time
import uuid
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import boto3
import pytest
from local_app import REGION, ROOT

ROLE = "arn:aws:iam::000000000000:role/scheduler"
SEND_MESSAGE = "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"


def utc(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp()


# ---- over the API


@pytest.fixture
def aws(ministack):
    """A group and a queue of its own; the group takes its schedules with it."""

    def client(service):
        return boto3.client(
            service, endpoint_url=ministack, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
        )

    name = f"repairs-{uuid.uuid4().hex[:8]}"
    sqs, scheduler = client("sqs"), client("scheduler")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    scheduler.create_schedule_group(Name=name)

    def create(expression: str, name_: str = "one", arn_: str = arn, text: str = "{}", **others) -> None:
        target = {"Arn": arn_, "RoleArn": ROLE, "Input": text}
        window = {"Mode": "OFF"}
        scheduler.create_schedule(
            Name=name_, GroupName=name, ScheduleExpression=expression, FlexibleTimeWindow=window, Target=target, **others
        )

    def receive() -> dict:
        """The next message within a few seconds, and no second one with it."""
        for _ in range(4):
            if found := sqs.receive_message(QueueUrl=url, WaitTimeSeconds=3, MessageAttributeNames=["All"]).get("Messages"):
                [message] = found
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                return message
        pytest.fail("nothing came")

    yield SimpleNamespace(name=name, url=url, scheduler=scheduler, create=create, receive=receive)
    scheduler.delete_schedule_group(Name=name)
    sqs.delete_queue(QueueUrl=url)


def soon(zone_hours: int = 0) -> datetime:
    """A second or two ahead, as a clock shows it that is so many hours ahead of UTC."""
    return (datetime.now(timezone.utc) + timedelta(seconds=2, hours=zone_hours)).replace(microsecond=0, tzinfo=None)


def test_a_list_has_pages(aws):
    names = sorted(f"n{n:03}" for n in range(205))
    for name in names:
        aws.create("rate(1 day)", name, StartDate=datetime(2099, 1, 1))
    pages = list(aws.scheduler.get_paginator("list_schedules").paginate(GroupName=aws.name))
    assert [len(page["Schedules"]) for page in pages] == [100, 100, 5]
    assert [schedule["Name"] for page in pages for schedule in page["Schedules"]] == names
    few = aws.scheduler.list_schedules(GroupName=aws.name, NamePrefix="n20", MaxResults=5)
    assert ([schedule["Name"] for schedule in few["Schedules"]], "NextToken" in few) == (names[200:], False)


def test_keywords_are_replaced(aws):
    at = soon()
    words = ("scheduled-time", "execution-id", "attempt-number", "schedule-arn")
    text = json.dumps({word: f"x:<aws.scheduler.{word}>" for word in words} | {"other": "<aws.scheduler.what>"})
    aws.create(f"at({at.isoformat()})", text=text)
    got = json.loads(aws.receive()["Body"])
    assert re.fullmatch("x:[0-9a-f-]{36}", got.pop("execution-id"))
    arn = f"arn:aws:scheduler:{REGION}:000000000000:schedule/{aws.name}/one"
    expected = {"scheduled-time": f"x:{at.isoformat()}Z", "attempt-number": "x:1", "schedule-arn": f"x:{arn}"}
    assert got == {**expected, "other": "<aws.scheduler.what>"}


def test_at_with_a_zone_fires_at_its_time(aws):
    aws.create(f"at({soon(9).isoformat()})", ScheduleExpressionTimezone="Asia/Seoul", text="<aws.scheduler.scheduled-time>")
    at = datetime.fromisoformat(aws.receive()["Body"])
    assert abs(at - datetime.now(timezone.utc)) < timedelta(seconds=15)


def test_the_target_that_sends_a_message_does(aws):
    at = soon()
    request = {
        "QueueUrl": aws.url,
        "MessageBody": "at <aws.scheduler.scheduled-time>",
        "DelaySeconds": 1,
        "MessageAttributes": {"origin": {"DataType": "String", "StringValue": "beat"}},
    }
    aws.create(f"at({at.isoformat()})", arn_=SEND_MESSAGE, text=json.dumps(request))
    message = aws.receive()
    assert message["Body"] == f"at {at.isoformat()}Z"
    assert message["MessageAttributes"]["origin"]["StringValue"] == "beat"
    assert time.time() >= at.replace(tzinfo=timezone.utc).timestamp() + 1


def test_one_that_deletes_itself_is_gone_when_it_has_fired(aws):
    aws.create(f"at({soon().isoformat()})", ActionAfterCompletion="DELETE")
    aws.receive()
    wait_until = time.monotonic() + 5
    while aws.scheduler.list_schedules(GroupName=aws.name)["Schedules"]:
        assert time.monotonic() < wait_until
        time.sleep(0.1)


def test_one_of_the_same_name_fires_as_the_first_did(aws):
    aws.create(f"at({soon().isoformat()})", text="first")
    assert aws.receive()["Body"] == "first"
    aws.scheduler.delete_schedule(GroupName=aws.name, Name="one")
    aws.create(f"at({soon().isoformat()})", text="second")
    assert aws.receive()["Body"] == "second"


# ---- the times, by themselves


@pytest.fixture(scope="module")
def repaired():
    """The modules as the emulator has them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "localstack"))
        import repaired_scheduler
        import schedule_time

        yield SimpleNamespace(scheduler=repaired_scheduler, time=schedule_time)


def schedule(expression: str, zone: str = "UTC", **others) -> dict:
    return {
        "Arn": "arn",
        "ScheduleExpression": expression,
        "ScheduleExpressionTimezone": zone,
        "State": "ENABLED",
        "ActionAfterCompletion": "NONE",
        "CreationDate": utc("2026-01-01T00:00:20"),
        "LastModificationDate": utc("2026-01-01T00:00:20"),
        "Target": {"Arn": "arn:aws:sqs:us-east-1:000000000000:none", "Input": "{}"},
        **others,
    }


def times(repaired, schedule: dict, after: str, count: int) -> list[str]:
    found, time = [], utc(after)
    while len(found) < count and (time := repaired.time.first_after(schedule, time)):
        found.append(datetime.fromtimestamp(time, timezone.utc).strftime("%m-%dT%H:%M:%S"))
    return found


@pytest.mark.parametrize(
    ("given", "after", "expected"),
    [
        (schedule("rate(1 minute)"), "2025-01-01T00:00:00", ["01-01T00:00:20", "01-01T00:01:20"]),
        (schedule("rate(2 hours)", StartDate=utc("2026-02-01T00:30:00")), "2026-02-01T02:30:00", ["02-01T04:30:00"]),
        (schedule("cron(0 9 ? * MON *)"), "2026-02-02T09:00:00", ["02-09T09:00:00"]),
        (schedule("cron(0 9 * * ? *)", "Asia/Seoul"), "2026-02-01T00:00:00", ["02-02T00:00:00"]),
        # 02:30 is not there on March 29, and twice there on October 25
        (schedule("cron(30 2 * * ? *)", "Europe/Berlin"), "2026-03-28T00:00:00", ["03-28T01:30:00", "03-30T00:30:00"]),
        (schedule("cron(30 2 * * ? *)", "Europe/Berlin"), "2026-10-24T12:00:00", ["10-25T00:30:00", "10-26T01:30:00"]),
        (schedule("cron(30 2 * * ? *)", "Europe/Berlin"), "2026-10-25T01:10:00", ["10-26T01:30:00"]),
        (schedule("at(2026-02-01T09:00:05)", "Asia/Seoul"), "2026-01-31T23:59:00", ["02-01T00:00:05"]),
    ],
)
def test_when_a_schedule_is_due(repaired, given, after, expected):
    assert times(repaired, given, after, len(expected)) == expected


def test_after_its_end_a_schedule_is_never_due(repaired):
    ended = schedule("rate(1 minute)", EndDate=utc("2026-01-01T00:01:30"))
    assert times(repaired, ended, "2026-01-01T00:00:30", 3) == ["01-01T00:01:20"]
    assert times(repaired, schedule("at(2026-01-01T00:00:00)"), "2026-01-01T00:00:00", 1) == []


@pytest.mark.parametrize("wrong", [schedule("cron(nonsense)"), schedule("at(noon)"), schedule("rate(1 day)", "Mars/Base")])
def test_what_aws_would_refuse_never_fires(repaired, wrong):
    assert repaired.time.first_after(wrong, 0) == repaired.time.NEVER


def fired(repaired, monkeypatch, moments: list[str], given: dict) -> list[str]:
    """The times for which a look at each of the moments fires it."""
    found = []
    monkeypatch.setattr(repaired.scheduler, "fire", lambda key, schedule, due: found.append(due))
    monkeypatch.setattr(repaired.scheduler, "fired", {})
    monkeypatch.setattr(repaired.scheduler, "upcoming", {})
    for moment in moments:
        repaired.scheduler.look_at(("a", "r", "g/n"), given, utc(moment))
    return [datetime.fromtimestamp(due, timezone.utc).strftime("%H:%M:%S") for due in found]


def test_each_period_fires_once_and_by_its_own_time(repaired, monkeypatch):
    start = {"StartDate": utc("2026-01-01T00:01:00")}
    moments = [f"2026-01-01T00:0{minute}:{second}" for minute in range(4) for second in ("01", "02", "59")]
    assert fired(repaired, monkeypatch, moments, schedule("rate(1 minute)", **start)) == ["00:01:00", "00:02:00", "00:03:00"]
    assert fired(repaired, monkeypatch, moments, schedule("cron(* * * * ? *)")) == ["00:01:00", "00:02:00", "00:03:00"]


def test_a_pause_is_not_made_up_for(repaired, monkeypatch):
    resumed = schedule("rate(1 minute)", LastModificationDate=utc("2026-01-01T05:00:00"))
    assert fired(repaired, monkeypatch, ["2026-01-01T05:00:01", "2026-01-01T05:00:21"], resumed) == ["05:00:20"]
