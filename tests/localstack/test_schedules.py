"""Schedules that `localstack/up` creates: what is stored is what AWS would be told, and where nothing will come of it, it is said."""

import json
import subprocess

import pytest
from botocore.validate import ParamValidator
from local_app import ACCOUNT, REGION, clean_environment, up

LATE = {
    "delay_seconds": 900,
    "message_group_id": None,
    "message_deduplication_id": None,
    "message_attributes": {"origin": "<aws.scheduler.schedule-arn>"},
}
MESSAGE = json.dumps({"id": "late:<aws.scheduler.scheduled-time>", "text": "a & b"})


def found(app, name: str) -> dict:
    return app.client("scheduler").get_schedule(GroupName=app.manifest["schedule_group"], Name=name)


def test_one_that_sends_by_the_api_itself(app):
    queue = app.manifest["queues"][0]
    app.manifest["schedule_dead_letter_queue"] = app.manifest["queues"][1]["name"]
    app.add_schedule("late", "at(2099-01-01T09:00:00)", MESSAGE, universal=LATE, delete_after=True)
    assert "created schedule late" in app.up("--no-function")

    target = found(app, "late")["Target"]
    assert target["Arn"] == "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"
    dead_letters = app.manifest["queues"][1]["queue_name"]
    assert target["DeadLetterConfig"] == {"Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{dead_letters}"}
    assert found(app, "late")["ActionAfterCompletion"] == "NONE"
    assert "late:<aws.scheduler.scheduled-time>" in target["Input"]
    sqs = app.client("sqs")
    parameters = json.loads(target["Input"])
    assert parameters == {
        "QueueUrl": sqs.get_queue_url(QueueName=queue["queue_name"])["QueueUrl"],
        "MessageBody": MESSAGE,
        "DelaySeconds": 900,
        "MessageAttributes": {"origin": {"DataType": "String", "StringValue": "<aws.scheduler.schedule-arn>"}},
    }
    shape = sqs.meta.service_model.operation_model("SendMessage").input_shape
    report = ParamValidator().validate(parameters, shape)
    assert not report.has_errors(), report.generate_report()

    assert "unchanged schedule late" in app.up("--no-function")
    app.manifest["schedules"][0]["universal"] = {**LATE, "delay_seconds": 60}
    assert "updated schedule late: Target" in app.up("--no-function")
    app.manifest["schedules"][0]["universal"] = None
    assert "updated schedule late: Target" in app.up("--no-function")
    assert found(app, "late")["Target"]["Input"] == MESSAGE


def test_those_of_the_app_are_what_apply_would_make(app):
    environment = {
        **clean_environment(),
        **app.settings,
        "CELERIAC_BROKER_URL": f"sqs://test:test@{app.url.removeprefix('http://')}",
        "CELERIAC_BEAT_SCHEDULE_GROUP": app.manifest["schedule_group"],
        "CELERIAC_BEAT_SCHEDULER_ROLE": f"{app.name}-scheduler",
        "AWS_ENDPOINT_URL": app.url,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }

    def run(*arguments):
        command = [app.binary, *arguments]
        done = subprocess.run(
            command, cwd=app.folder, env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    # the role is part of a schedule's digest
    app.manifest["schedules"] = json.loads(run("manifest"))["schedules"]
    created = [f"created schedule {schedule['name']}" for schedule in app.manifest["schedules"]]
    assert created
    assert set(created) <= set(app.up("--no-function"))
    run("schedules", "plan", "--deep", "--detailed-exitcode")


def test_to_a_fifo_queue(app):
    app.add_fifo_queue()
    universal = {"message_group_id": "group", "message_deduplication_id": "a:<aws.scheduler.scheduled-time>"}
    app.add_schedule("ordered", "rate(1 day)", "{}", queue="ordered.fifo", universal=universal)
    app.up("--no-function")
    parameters = json.loads(found(app, "ordered")["Target"]["Input"])
    assert parameters.pop("QueueUrl").endswith(f"/{app.prefix}-ordered.fifo")
    assert parameters == {
        "MessageBody": "{}",
        "MessageGroupId": "group",
        "MessageDeduplicationId": "a:<aws.scheduler.scheduled-time>",
    }


@pytest.mark.short
def test_that_an_emulator_fires_nothing_is_said(app, lane):
    app.add_schedule("late", "rate(1 day)", MESSAGE, universal=LATE)
    app.add_schedule("seoul", "cron(0 9 * * ? *)", MESSAGE, schedule_expression_timezone="Asia/Seoul")
    app.add_schedule("paused", "rate(1 day)", MESSAGE, enabled=False)
    app.up("--no-function")
    assert app.notes == ([] if lane == "ministack" else ["this emulator fires no schedules; stored only: late, seoul"])
    app.manifest["schedules"] = app.manifest["schedules"][2:]
    app.up("--no-function")
    assert app.notes == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"universal": {"delay_seconds": 901}}, "schedule `late`: SQS delays a message by 0 to 900 whole seconds, not by 901"),
        ({"universal": LATE, "queue": "elsewhere"}, "a schedule sends to `elsewhere`, which is no queue"),
    ],
)
def test_what_aws_refuses_is_refused_before_anything_is_made(app, change, expected):
    app.add_schedule("late", "rate(1 day)", MESSAGE, **change)
    file = app.folder / "manifest.json"
    file.write_text(json.dumps(app.manifest))
    done = up("--emulator", app.url, "--binary", app.binary, "--manifest", file, cwd=app.folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"error: {expected}" in done.stderr
