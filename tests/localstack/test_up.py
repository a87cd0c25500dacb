"""`localstack/up` on an emulator that runs: what it creates is the manifest, and a Python client gets its results from it."""

import json
import subprocess
import sys
import uuid
from datetime import datetime, timedelta, timezone

import pytest
from local_app import REGION, changes, clean_environment, placed, up

CHARGED = {"order": "1001", "cents": 590, "attempt": 1}


@pytest.mark.short
def test_python_gets_results_from_the_function(app):
    """By the program alone: its manifest is what it prints under this environment."""
    args = ["--emulator", app.url, "--binary", app.binary]
    first = up(*args, cwd=app.folder, **app.settings)
    assert first.returncode == 0, first.stderr
    app.manifest["app"] = "shop"
    for queue in app.manifest["queues"]:
        assert f"created queue {queue['queue_name']}" in changes(first.stdout)
        assert f"created event source {queue['queue_name']}" in changes(first.stdout)
    assert f"created table {app.table}" in changes(first.stdout)

    sent = app.python.send_task("shop.charge_card", args=["1001", 590], queue="celery")
    assert sent.get(timeout=60) == CHARGED
    orders = [{"id": "1001", "product": "celeriac", "count": 2, "cents": 590, "email": "ada@example.org"}]
    (child,) = app.python.send_task("shop.import_orders", args=[orders], queue="celery").get(timeout=60)
    assert app.python.AsyncResult(child).get(timeout=60) == "1001"
    nothing = app.python.send_task("shop.charge_card", args=["1002", 0], queue="celery")
    with pytest.raises(Exception) as raised:
        nothing.get(timeout=60)
    assert type(raised.value).__name__ == "NothingToPay"

    second = up(*args, cwd=app.folder, **app.settings)
    assert {line.split()[0] for line in changes(second.stdout)} == {"unchanged"}


def test_what_it_prints_works_when_pasted(app):
    lines = app_output(app).splitlines()
    pasted = dict(line.removeprefix("export ").split("=", 1) for line in lines if line.startswith("export "))
    assert pasted["AWS_REGION"] == REGION
    send = [str(app.binary), "send", "shop.charge_card", "--args", '["1001", 590]', "--wait"]
    done = subprocess.run(send, cwd=app.folder, env={**clean_environment(), **pasted}, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert '"cents": 590' in done.stdout or '"cents":590' in done.stdout

    client = lines[lines.index("from celery import Celery") :][:5]
    script = "\n".join(client).replace("args=[]", 'args=["1001", 590]')
    run = [sys.executable, "-W", "ignore", "-c", script]
    done = subprocess.run(run, cwd=app.folder, env=clean_environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(CHARGED)


def app_output(app) -> str:
    file = app.folder / "manifest.json"
    file.write_text(json.dumps(app.manifest))
    done = up("--emulator", app.url, "--binary", app.binary, "--manifest", file, cwd=app.folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.short
def test_queues_are_the_manifests(app):
    app.add_fifo_queue()
    app.up()
    timeout = max(queue["function_timeout"] for queue in app.manifest["queues"] if queue["tasks"])
    for queue in app.manifest["queues"]:
        found = app.queue(queue["queue_name"])
        assert found["VisibilityTimeout"] == str(max(queue["visibility_timeout"], timeout if queue["tasks"] else 0))
        assert found["MessageRetentionPeriod"] == str(queue["message_retention"])
        redrive = json.loads(found["RedrivePolicy"])
        assert redrive["deadLetterTargetArn"].endswith(f":{queue['dead_letter_queue']}")
        assert int(redrive["maxReceiveCount"]) == queue["max_receive_count"]
        dead = app.queue(queue["dead_letter_queue"])
        assert dead["MessageRetentionPeriod"] == str(queue["dead_letter_retention"])
        for attributes in (found, dead):
            assert attributes.get("FifoQueue", "false") == str(queue["fifo"]).lower()


@pytest.mark.short
def test_a_fifo_queue_feeds_the_function(app):
    app.add_fifo_queue()
    app.up()
    sent = [app.python.send_task("shop.charge_card", args=[str(order), 590], queue="ordered.fifo") for order in range(3)]
    assert [each.get(timeout=60)["order"] for each in sent] == ["0", "1", "2"]


@pytest.mark.short
def test_table_role_and_function_are_the_manifests(app):
    app.add_fifo_queue()
    app.up()
    dynamodb = app.client("dynamodb")
    assert dynamodb.describe_table(TableName=app.table)["Table"]["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    ttl = dynamodb.describe_time_to_live(TableName=app.table)["TimeToLiveDescription"]
    assert (ttl["TimeToLiveStatus"], ttl["AttributeName"]) == ("ENABLED", "ttl")

    role = app.client("iam").get_role_policy(RoleName=f"{app.name}-lambda", PolicyName="celeriac")["PolicyDocument"]
    statements = [
        {"Sid": each["sid"], "Effect": "Allow", "Action": each["actions"], "Resource": each["resources"]}
        for each in app.manifest["roles"]["lambda"]["statements"]
    ]
    assert role["Statement"] == placed(statements)

    lambda_ = app.client("lambda")
    function = lambda_.get_function_configuration(FunctionName=app.function)
    timeout = max(queue["function_timeout"] for queue in app.manifest["queues"])
    assert (function["Runtime"], function["Handler"], function["Timeout"]) == ("provided.al2023", "bootstrap", timeout)
    host = app.url.removeprefix("http://")
    assert function["Environment"]["Variables"] == {
        **app.manifest["environment"],
        "CELERIAC_BROKER_URL": f"sqs://test:test@{host}",
        "CELERIAC_RESULT_BACKEND": f"dynamodb://test:test@{host}/{app.table}",
    }
    mappings = lambda_.list_event_source_mappings(FunctionName=app.function)["EventSourceMappings"]
    assert len(mappings) == len([queue for queue in app.manifest["queues"] if queue["tasks"]])
    assert all(mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"] for mapping in mappings)
    assert all(mapping["BatchSize"] == 10 for mapping in mappings)


@pytest.mark.short
def test_what_differs_is_changed_and_nothing_else(app, tmp_path):
    app.up()
    queue = app.manifest["queues"][0]
    queue["visibility_timeout"] += 60
    queue["max_receive_count"] = 7
    app.manifest["environment"]["CELERIAC_RESULT_EXPIRES"] = "1d"
    app.manifest["roles"]["lambda"]["statements"].pop()
    app.add_schedule("tick", "rate(1 hour)", "{}")
    assert changed(app.up()) == [
        f"updated queue {queue['queue_name']}: VisibilityTimeout, RedrivePolicy",
        f"updated role {app.name}-lambda: rights",
        f"updated function {app.function}: Environment",
        f"created role {app.name}-scheduler",
        "created schedule tick",
    ]
    app.manifest["schedules"][0]["schedule_expression"] = "rate(2 hours)"
    other = tmp_path / "other"
    other.write_text("#!/bin/sh\nexit 1\n")
    assert changed(app.up(binary=other)) == [
        f"updated function {app.function}: Code",
        "updated schedule tick: ScheduleExpression",
    ]
    app.manifest["schedules"] = []
    sources = [f"deleted event source {queue['queue_name']}" for queue in app.manifest["queues"]]
    assert sorted(changed(app.up("--no-function"))) == sorted([*sources, "deleted schedule tick"])


@pytest.mark.short
def test_the_settings_file_goes_along(app):
    """The function works by the same celeriac.toml as the program here."""
    app.up()
    (app.folder / "celeriac.toml").write_text("result_extended = true\n")
    assert changed(app.up()) == [f"updated function {app.function}: Code"]
    sent = app.python.send_task("shop.charge_card", args=["1001", 590], queue="celery")
    assert sent.get(timeout=60) == CHARGED
    assert sent.name == "shop.charge_card"


def changed(lines: list[str]) -> list[str]:
    return [line for line in lines if not line.startswith("unchanged ")]


def test_a_schedules_message_becomes_a_finished_task(app):
    """On ministack: LocalStack stores schedules and never fires them. It looks every 10 s."""
    task_id = str(uuid.uuid4())
    soon = datetime.now(timezone.utc) + timedelta(seconds=2)
    app.add_schedule("once", f"at({soon:%Y-%m-%dT%H:%M:%S})", message(app, task_id))
    assert "created schedule once" in app.up()
    assert app.python.AsyncResult(task_id).get(timeout=60) == CHARGED


def message(app, task_id: str) -> str:
    """As Celery puts it on the queue: taken from a queue that it sent one to."""
    sqs = app.client("sqs")
    url = sqs.create_queue(QueueName=f"{app.prefix}-taken")["QueueUrl"]
    app.python.send_task("shop.charge_card", args=["1001", 590], queue="taken", task_id=task_id)
    (received,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    sqs.delete_queue(QueueUrl=url)
    return received["Body"]
