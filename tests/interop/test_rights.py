"""Celery's own client with the manifest's roles: every request that it makes is recorded and held against the rights."""

import json
import subprocess

import botocore.client
import celery_app
import pytest
from celery import chord
from place import BINARIES
from process import clean_environment

# What Celery alone asks for, beside what celeriac's client does; tests/chaos/permissions.rs has it too.
OF_A_PRODUCER = {
    "dynamodb:DescribeTable",
    "dynamodb:DescribeTimeToLive",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "sqs:GetQueueAttributes",
    "sqs:ListQueues",
    "sqs:SendMessage",
}


@pytest.fixture(scope="module")
def roles(place):
    command = [str(BINARIES / "interop-worker"), "manifest"]
    env = {**clean_environment(), **place.rust_env()}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["roles"]


@pytest.fixture
def asked(monkeypatch):
    """IAM's actions of what was asked for since; a batch call of SQS needs the single call's."""
    actions, call = set(), botocore.client.BaseClient._make_api_call

    def recorded(client, operation, arguments):
        service = client.meta.service_model.service_name
        actions.add(f"{service}:{operation.removesuffix('Batch') if service == 'sqs' else operation}")
        return call(client, operation, arguments)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", recorded)
    return actions


def allowed(role: dict) -> set[str]:
    return {action for statement in role["statements"] for action in statement["actions"]}


def send_and_read(app) -> object:
    result = app.send_task("w.add", [1, 2])
    assert result.get(timeout=30, interval=0.05) == 3
    assert result.state == "SUCCESS"
    return result


def send_a_chord(app) -> None:
    total = app.signature("w.total")
    assert chord([total.clone([1]), total.clone([2])], total, app=app)().get(timeout=30, interval=0.05) == 3


def test_a_producer_has_just_the_rights_it_uses(place, roles, asked):
    place.start_rust_worker()
    asked.clear()
    send_and_read(celery_app.make_app(**place.python_conf()))
    backend = place.python_conf()["result_backend"] + "?ttl_seconds=864000"
    send_and_read(celery_app.make_app(**place.python_conf(result_backend=backend)))
    assert asked == OF_A_PRODUCER - {"dynamodb:PutItem"}
    reading = {action for action in asked if action.startswith("dynamodb:")}
    for backend in (place.python_conf()["result_backend"], backend):
        send_a_chord(celery_app.make_app(**place.python_conf(result_backend=backend)))
    assert asked == OF_A_PRODUCER
    assert asked <= allowed(roles["producer"])
    assert reading <= allowed(roles["reader"])
    assert not {action for action in allowed(roles["reader"]) if action.startswith("sqs:")}


def test_a_producer_with_predefined_queues_lists_none(place, roles, asked):
    place.start_rust_worker()
    conf = place.python_conf()
    queues = {place.queue: {"url": f"http://{place.emulator.host}/000000000000/{place.queue}"}}
    conf["broker_transport_options"] |= {"predefined_queues": queues}
    asked.clear()
    send_and_read(celery_app.make_app(**conf))
    assert asked == OF_A_PRODUCER - {"sqs:ListQueues", "dynamodb:DescribeTimeToLive", "dynamodb:PutItem"}


def test_forgetting_is_a_right_of_its_own(place, roles, asked):
    place.start_rust_worker()
    result = send_and_read(celery_app.make_app(**place.python_conf()))
    asked.clear()
    result.forget()
    assert asked == {"dynamodb:DeleteItem"}
    assert asked <= allowed(roles["forgetter"])
    assert not asked & (allowed(roles["producer"]) | allowed(roles["reader"]))
