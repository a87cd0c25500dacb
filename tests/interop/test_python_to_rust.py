"""A Python client sends, our worker runs, Python's `AsyncResult` reads."""

import datetime
import json
import re
import time
import uuid

import pytest
from celery import group
from celery.exceptions import TimeoutError as NotReady
from celery_app import VALUES, make_app
from compare import same, wait_for
from place import PEER_IS_PYTHON

pytestmark = pytest.mark.usefixtures("worker")
no_limits = pytest.mark.skipif(PEER_IS_PYTHON, reason="Python's thread pool has no time limits")
GET = {"timeout": 30, "interval": 0.05}


@pytest.fixture(scope="module")
def worker(place):
    return place.start_rust_worker()


# ---- values


@pytest.mark.short
def test_a_task_runs(place):
    assert place.python.send_task("w.add", [2, 3]).get(**GET) == 5


@pytest.mark.short
def test_every_value_returns_as_it_was_sent(place):
    results = {kind: place.python.send_task("w.identity", [value]) for kind, value in VALUES.items()}
    got = {kind: result.get(**GET) for kind, result in results.items()}
    wrong = {kind: value for kind, value in got.items() if not same(value, VALUES[kind])}
    assert not wrong


@pytest.mark.short
def test_every_value_made_by_the_worker(place):
    results = {kind: place.python.send_task("w.values", [kind]) for kind in VALUES}
    got = {kind: result.get(**GET) for kind, result in results.items()}
    wrong = {kind: value for kind, value in got.items() if not same(value, VALUES[kind])}
    assert not wrong


def test_values_nested_deeply(place):
    value = [{"k": [None]}]
    for _ in range(20):
        value = [{"in": value}, 1]
    assert place.python.send_task("w.identity", [value]).get(**GET) == value


def test_dictionary_keys_become_text_as_in_python(place):
    sent = {1: "int", None: "none", True: "true", 2.5: "float"}
    got = place.python.send_task("w.identity", [sent]).get(**GET)
    assert got == json.loads(json.dumps(sent))


def test_a_large_argument_arrives_whole(place):
    text = "".join(f"{n:08d}" for n in range(40_000))
    assert place.python.send_task("w.identity", [text]).get(**GET) == text


# ---- arguments


def test_keyword_arguments(place):
    assert place.python.send_task("w.add", kwargs={"x": 2, "y": 3}).get(**GET) == 5
    assert place.python.send_task("w.add", [2], {"y": 3}).get(**GET) == 5


def test_defaults_and_options(place):
    assert place.python.send_task("w.defaults", [1]).get(**GET) == [1, 10, None]
    assert place.python.send_task("w.defaults", [1], {"z": "last"}).get(**GET) == [1, 10, "last"]
    assert place.python.send_task("w.defaults", [1, 2, None]).get(**GET) == [1, 2, None]


@pytest.mark.parametrize(
    ("args", "kwargs", "said"),
    [
        ([1], {}, "'y'"),
        ([1, 2, 3], {}, "3 were given"),
        ([1], {"y": 2, "z": 3}, "'z'"),
        ([1, 2], {"x": 1}, "'x'"),
    ],
)
def test_wrong_arguments_fail_with_a_type_error_that_names_them(place, args, kwargs, said):
    with pytest.raises(TypeError, match=re.escape(said)):
        place.python.send_task("w.add", args, kwargs).get(**GET)


@pytest.mark.skipif(PEER_IS_PYTHON, reason="Python does not check types")
def test_an_argument_of_the_wrong_type_is_named(place):
    with pytest.raises(TypeError, match=r"\by\b"):
        place.python.send_task("w.add", [1, "two"]).get(**GET)


# ---- options


@pytest.mark.short
def test_countdown_is_kept(place):
    effects = place.effects()
    before = time.time()
    place.python.send_task("w.effects", [str(effects), "later"], countdown=3).get(**GET)
    [(_, _, ran_at)] = effects.lines()
    assert 2.9 <= float(ran_at) - before <= 8


def test_eta_with_a_zone_and_in_the_past(place):
    zone = datetime.timezone(datetime.timedelta(hours=9))
    effects = place.effects()
    eta = datetime.datetime.now(zone) + datetime.timedelta(seconds=2)
    place.python.send_task("w.effects", [str(effects), "zoned"], eta=eta).get(**GET)
    [(_, _, ran_at)] = effects.lines()
    assert float(ran_at) >= eta.timestamp() - 0.1
    past = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
    assert place.python.send_task("w.add", [1, 1], eta=past).get(**GET) == 2


@pytest.mark.short
def test_an_expired_task_is_revoked_and_never_runs(place):
    effects = place.effects()
    result = place.python.send_task("w.effects", [str(effects), "never"], expires=datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc))
    with pytest.raises(Exception, match="expired") as raised:
        result.get(**GET)
    assert type(raised.value).__name__ == "TaskRevokedError"
    assert result.status == "REVOKED"
    assert effects.lines() == []


def test_a_task_that_expires_during_its_countdown_is_revoked(place):
    effects = place.effects()
    result = place.python.send_task("w.effects", [str(effects), "never"], countdown=4, expires=2)
    with pytest.raises(Exception, match="expired"):
        result.get(**GET)
    assert effects.lines() == []


def test_an_expiry_in_the_future_does_not_matter(place):
    assert place.python.send_task("w.add", [1, 2], expires=60).get(**GET) == 3


@pytest.mark.short
def test_custom_headers_arrive(place):
    headers = {"x-tenant": "acme", "x-number": 7, "x-object": {"a": [1, None]}}
    got = place.python.send_task("w.request_info", headers=headers).get(**GET)
    assert got["headers"] == headers


def test_what_a_task_knows_about_itself(place):
    task_id, root = str(uuid.uuid4()), str(uuid.uuid4())
    got = place.python.send_task("w.request_info", task_id=task_id, root_id=root, parent_id="p-1", group_id="g-1").get(**GET)
    assert got == {
        "id": task_id, "root_id": root, "parent_id": "p-1", "group": "g-1", "retries": 0, "headers": {},
        "queue": place.queue, "eta": None,
    }  # fmt: skip


@pytest.mark.parametrize("compression", [None, "gzip", "bzip2", "lzma", "zstd", "brotli"])
@pytest.mark.parametrize("serializer", ["json", "msgpack", "yaml"])
def test_each_serializer_with_each_compression(place, serializer, compression):
    value = {"text": "héllo ✓ " * 50, "n": [1, -2, 2.5, None, True], "when": {"nested": []}}
    result = place.python.send_task("w.identity", [value], serializer=serializer, compression=compression)
    assert result.get(**GET) == value


def test_bytes_and_dates_in_msgpack_and_yaml(place):
    assert place.python.send_task("w.identity", [b"\xff\x00"], serializer="msgpack").get(**GET) == b"\xff\x00"
    when = datetime.datetime(2027, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    assert place.python.send_task("w.identity", [when], serializer="yaml").get(**GET) == when


@pytest.mark.parametrize("form", [{"sqs_base64_encoding": False}, {"body_encoding": "utf-8"}, {"sqs_base64_encoding": False, "body_encoding": "utf-8"}])
def test_every_outer_form_is_read(place, form):
    conf = place.python_conf()
    conf["broker_transport_options"] |= form
    app = make_app(**conf)
    assert app.send_task("w.identity", ["✓"]).get(**GET) == "✓"
    app.close()


def test_protocol_1_is_read(place):
    app = make_app(**place.python_conf(task_protocol=1))
    assert app.send_task("w.add", [4, 5]).get(**GET) == 9
    app.close()


def test_a_group_of_tasks(place):
    tasks = group(place.python.tasks["w.add"].s(n, n) for n in range(25))
    assert tasks.apply_async().get(**GET) == [2 * n for n in range(25)]


# ---- outcomes


@pytest.mark.short
def test_a_failure_has_type_message_and_traceback(place):
    result = place.python.send_task("w.fail", ["value"])
    with pytest.raises(ValueError, match="^boom$"):
        result.get(**GET)
    assert result.status == "FAILURE"
    assert "boom" in result.traceback


@pytest.mark.parametrize(
    ("kind", "name", "args"),
    [
        ("args", "ValueError", ("boom", 42, {"k": None})),
        ("custom", "CustomError", ("custom boom",)),
        ("unicode", "ValueError", ("héllo ✓",)),
        ("chained", "RuntimeError", ("wrapped",)),
        ("none", "KeyError", ()),
    ],
)
def test_each_kind_of_failure(place, kind, name, args):
    result = place.python.send_task("w.fail", [kind])
    with pytest.raises(Exception) as raised:
        result.get(**GET)
    assert type(raised.value).__name__ == name
    assert raised.value.args == args


def test_the_traceback_tells_the_chain_of_causes(place):
    result = place.python.send_task("w.fail", ["chained"])
    result.get(**GET, propagate=False)
    assert "wrapped" in result.traceback
    assert "division by zero" in result.traceback


@pytest.mark.skipif(PEER_IS_PYTHON, reason="Python has no panics")
def test_a_panic_is_a_failure_and_the_worker_lives(place):
    for task in ("w.panic", "w.panic_blocking"):
        with pytest.raises(Exception, match="out of cheese"):
            place.python.send_task(task).get(**GET)
    assert place.python.send_task("w.add", [1, 1]).get(**GET) == 2


def test_an_unknown_task_fails_with_not_registered(place):
    result = place.python.send_task("w.nowhere")
    with pytest.raises(Exception, match="w.nowhere") as raised:
        result.get(**GET)
    assert type(raised.value).__name__ == "NotRegistered"


@pytest.mark.short
def test_an_ignored_result_leaves_no_item(place):
    effects = place.effects()
    by_task = place.python.send_task("w.ignored", [str(effects), "by-task"])
    by_call = place.python.send_task("w.effects", [str(effects), "by-call"], ignore_result=True)
    wait_for(lambda: len(effects.lines()) == 2)
    place.wait_until_empty()
    for result in (by_task, by_call):
        assert place.emulator.item(place.table, result.id) is None


@pytest.mark.short
def test_started_is_shown_with_track_started(place):
    result = place.python.send_task("w.sleep_started", [2])
    wait_for(lambda: result.status != "PENDING")
    assert result.status == "STARTED"
    assert set(result.info) == {"pid", "hostname"}
    assert result.get(**GET) == 2


def test_a_task_without_track_started_stays_pending(place):
    result = place.python.send_task("w.sleep", [1.5])
    seen = set()
    while not result.ready():
        seen.add(result.status)
        time.sleep(0.05)
    assert seen <= {"PENDING", "SUCCESS"}
    assert result.get(**GET) == 1.5


@pytest.mark.short
def test_progress_is_shown(place):
    result = place.python.send_task("w.progress")
    wait_for(lambda: result.status == "PROGRESS")
    assert result.info == {"current": 5, "total": 10}
    assert result.get(**GET) == "done"


@pytest.mark.short
def test_a_retry_is_shown_and_succeeds(place):
    effects = place.effects()
    result = place.python.send_task("w.retry_once", [str(effects), "again"], {"countdown": 2})
    wait_for(lambda: result.status == "RETRY")
    assert isinstance(result.info, ValueError)
    assert result.get(**GET) == 1
    assert effects.ids() == ["again"]


def test_the_last_retry_fails_with_its_cause(place):
    with pytest.raises(ValueError, match="final"):
        place.python.send_task("w.retry_exhaust").get(**GET)


@no_limits
def test_a_hard_time_limit(place):
    with pytest.raises(Exception) as raised:
        place.python.send_task("w.sleep_hard").get(**GET)
    assert type(raised.value).__name__ == "TimeLimitExceeded"


@no_limits
def test_a_soft_time_limit(place):
    with pytest.raises(Exception) as raised:
        place.python.send_task("w.sleep_soft").get(**GET)
    assert type(raised.value).__name__ == "SoftTimeLimitExceeded"


@no_limits
def test_a_time_limit_of_the_message(place):
    with pytest.raises(Exception) as raised:
        place.python.send_task("w.sleep", [30], time_limit=1).get(**GET)
    assert type(raised.value).__name__ == "TimeLimitExceeded"


def test_reject_fails_and_ignore_leaves_nothing(place):
    with pytest.raises(Exception) as raised:
        place.python.send_task("w.reject").get(**GET)
    assert type(raised.value).__name__ == "Reject"
    with pytest.raises(NotReady):
        place.python.send_task("w.ignore").get(timeout=2, interval=0.05)


def test_a_result_too_large_for_dynamodb_fails_clearly(place):
    limit = "size" if PEER_IS_PYTHON else "over the limit of 409600 bytes"
    with pytest.raises(Exception, match=limit):
        place.python.send_task("w.values", ["too_large"]).get(**GET)


@pytest.mark.skipif(PEER_IS_PYTHON, reason="Python leaves the caller waiting for ever")
def test_pickle_is_refused_with_a_failure_that_says_what_to_do(place):
    result = place.python.send_task("w.add", [1, 2], serializer="pickle")
    with pytest.raises(Exception, match="task_serializer"):
        result.get(**GET)


def test_forget_makes_the_result_unknown(place):
    result = place.python.send_task("w.add", [1, 2])
    assert result.get(**GET) == 3
    result.forget()
    assert place.python.AsyncResult(result.id).status == "PENDING"


# ---- numbers


@pytest.mark.short
def test_many_tasks_run_once_each(place, lane):
    count = 100 if lane == "localstack" else 1000
    effects = place.effects()
    results = [place.python.send_task("w.effects", [str(effects), f"n{n}"]) for n in range(count)]
    wait_for(lambda: len(effects.lines()) >= count, timeout=90)
    place.wait_until_empty()
    assert sorted(effects.ids()) == sorted(f"n{n}" for n in range(count))
    assert [result.get(**GET) for result in results] == [f"n{n}" for n in range(count)]
