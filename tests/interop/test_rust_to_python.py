"""Our client sends, a real Celery worker runs, our `AsyncResult` reads."""

import datetime
import time

import pytest
from celery_app import VALUES
from compare import same, wait_for
from rust_client import RustError

# The worker here is Python's. With a Lambda function in place of ours, nothing would be different.
pytestmark = pytest.mark.worker_is_python


@pytest.fixture(scope="module")
def worker(place):
    return place.start_python_worker()


@pytest.fixture(scope="module")
def client(place, worker):
    client = place.start_client()
    yield client
    assert client.close() == 0


# ---- values


@pytest.mark.short
def test_a_task_runs(client):
    assert client.get(client.send("w.add", [2, 3])) == 5


@pytest.mark.short
def test_every_value_returns_as_it_was_sent(client):
    ids = client.send_all([("w.identity", [value], {}, {}) for value in VALUES.values()])
    got = dict(zip(VALUES, client.join(ids), strict=True))
    wrong = {kind: value for kind, value in got.items() if not same(value, VALUES[kind])}
    assert not wrong


@pytest.mark.short
def test_every_value_made_by_the_worker(client):
    ids = client.send_all([("w.values", [kind], {}, {}) for kind in VALUES])
    got = dict(zip(VALUES, client.join(ids), strict=True))
    wrong = {kind: value for kind, value in got.items() if not same(value, VALUES[kind])}
    assert not wrong


def test_keyword_arguments(client):
    assert client.get(client.send("w.add", kwargs={"x": 2, "y": 3})) == 5
    assert client.get(client.send("w.defaults", [1], {"z": [None]})) == [1, 10, [None]]


@pytest.mark.parametrize("compression", [None, "gzip", "bzip2", "lzma", "zstd", "brotli"])
@pytest.mark.parametrize("serializer", ["json", "msgpack", "yaml"])
def test_each_serializer_with_each_compression(client, serializer, compression):
    value = {"text": "héllo ✓ " * 50, "n": [1, -2, 2.5, None, True], "when": {"nested": []}}
    options = {"serializer": serializer} | ({"compression": compression} if compression else {})
    assert client.get(client.send("w.identity", [value], **options)) == value


@pytest.mark.parametrize("form", ["celery", "compact"])
def test_both_message_forms_are_read_by_python(place, worker, form):
    client = place.start_client(task_message_form=form)
    assert client.get(client.send("w.identity", ["✓ \u2028 \x00"])) == "✓ \u2028 \x00"
    assert client.get(client.send("w.identity", [b"\xff"], serializer="msgpack")) == b"\xff"
    assert client.close() == 0


@pytest.mark.parametrize("conf", [{"result_compression": "gzip"}, {"result_compression": "zstd"}, {"result_extended": True}])
def test_results_in_other_forms_are_read(fresh_place, conf):
    fresh_place.start_python_worker(**conf)
    client = fresh_place.start_client()
    assert client.get(client.send("w.identity", [["✓" * 100]])) == ["✓" * 100]
    client.close()


@pytest.mark.parametrize("serializer", ["msgpack", "yaml"])
def test_results_in_other_serializers_are_read(fresh_place, serializer):
    fresh_place.start_python_worker(result_serializer=serializer)
    client = fresh_place.start_client(result_serializer=serializer)
    assert client.get(client.send("w.identity", [{"a": [1, "✓", None]}])) == {"a": [1, "✓", None]}
    with pytest.raises(RustError) as raised:
        client.get(client.send("w.fail", ["value"]))
    assert raised.value.exc_type == "ValueError"
    client.close()


# ---- options


@pytest.mark.short
def test_countdown_is_kept(client, place):
    effects = place.effects()
    before = time.time()
    client.get(client.send("w.effects", [str(effects), "later"], countdown=3))
    [(_, _, ran_at)] = effects.lines()
    assert 2.9 <= float(ran_at) - before <= 8


def test_eta_is_kept(client, place):
    effects = place.effects()
    eta = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
    client.get(client.send("w.effects", [str(effects), "eta"], eta=eta.isoformat()))
    [(_, _, ran_at)] = effects.lines()
    assert float(ran_at) >= eta.timestamp() - 0.1


@pytest.mark.short
def test_an_expired_task_is_revoked_by_python(client, place):
    effects = place.effects()
    task_id = client.send("w.effects", [str(effects), "never"], countdown=3, expires=1)
    with pytest.raises(RustError, match="expired") as raised:
        client.get(task_id)
    assert raised.value.exc_type == "TaskRevokedError"
    assert client.state(task_id) == "REVOKED"
    assert effects.lines() == []


@pytest.mark.short
def test_custom_headers_arrive(client):
    headers = {"x-tenant": "acme", "x-object": {"a": [1, None]}}
    got = client.get(client.send("w.request_info", headers=headers))
    assert got["headers"] == headers


def test_what_the_python_task_knows(client, place):
    task_id = client.send("w.request_info", task_id="id-of-ours", root_id="root", parent_id="p", group_id="g")
    assert task_id == "id-of-ours"
    got = client.get(task_id)
    assert (got["id"], got["root_id"], got["parent_id"], got["group"]) == ("id-of-ours", "root", "p", "g")
    assert (got["queue"], got["retries"], got["eta"]) == (place.queue, 0, None)


# ---- outcomes


@pytest.mark.short
def test_a_failure_has_type_module_message_and_traceback(client):
    task_id = client.send("w.fail", ["value"])
    with pytest.raises(RustError) as raised:
        client.get(task_id)
    assert (raised.value.exc_type, raised.value.exc_module, raised.value.message) == ("ValueError", "builtins", "boom")
    assert "ValueError: boom" in raised.value.traceback
    assert client.state(task_id) == "FAILURE"


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("args", "ValueError", "42"),
        ("custom", "CustomError", "custom boom"),
        ("unicode", "ValueError", "héllo ✓"),
        ("none", "KeyError", ""),
    ],
)
def test_each_kind_of_failure(client, kind, name, said):
    with pytest.raises(RustError) as raised:
        client.get(client.send("w.fail", [kind]))
    assert raised.value.exc_type == name
    assert said in raised.value.message


def test_an_unknown_task_fails(fresh_place):
    """In a place of its own: Python leaves the message on a queue that has a dead-letter queue."""
    fresh_place.start_python_worker()
    client = fresh_place.start_client()
    with pytest.raises(RustError, match="w.nowhere") as raised:
        client.get(client.send("w.nowhere"))
    assert raised.value.exc_type == "NotRegistered"
    client.close()


@pytest.mark.short
def test_an_ignored_result_leaves_no_item(client, place):
    effects = place.effects()
    task_id = client.send("w.effects", [str(effects), "once"], ignore_result=True)
    wait_for(lambda: effects.lines())
    place.wait_until_empty()
    assert place.emulator.item(place.table, task_id) is None
    assert client.state(task_id) == "PENDING"


@pytest.mark.short
def test_started_is_shown_with_track_started(client):
    task_id = client.send("w.sleep_started", [2])
    wait_for(lambda: client.state(task_id) != "PENDING")
    assert client.state(task_id) == "STARTED"
    assert client.get(task_id) == 2


@pytest.mark.short
def test_progress_is_shown(client):
    task_id = client.send("w.progress")
    wait_for(lambda: client.state(task_id) == "PROGRESS")
    assert client.info(task_id) == {"current": 5, "total": 10}
    assert client.get(task_id) == "done"


@pytest.mark.short
def test_a_retry_is_shown_and_succeeds(client, place):
    effects = place.effects()
    task_id = client.send("w.retry_once", [str(effects), "again"], {"countdown": 2})
    wait_for(lambda: client.state(task_id) == "RETRY")
    assert client.get(task_id) == 1


def test_a_timeout_names_the_state(client):
    with pytest.raises(RustError, match="PENDING"):
        client.get("no-such-task", timeout=0.3)


def test_forget_makes_the_result_unknown_to_both(client, place):
    task_id = client.send("w.add", [1, 2])
    assert client.get(task_id) == 3
    client.forget(task_id)
    assert client.state(task_id) == "PENDING"


# ---- numbers


@pytest.mark.short
def test_many_tasks_run_once_each(client, place, lane):
    count = 1000 if lane == "ministack" else 100
    effects = place.effects()
    names = [f"n{n}" for n in range(count)]
    ids = client.send_all([("w.effects", [str(effects), name], {}, {}) for name in names])
    assert len(set(ids)) == count
    assert client.join(ids, timeout=120) == names
    place.wait_until_empty()
    assert sorted(effects.ids()) == sorted(names)
