"""A Python and a Rust worker on one queue, while tasks are moved over one by one: `unknown_task = forward:<queue>` or `release`."""

import random

import pytest
from compare import wait_for

GET = {"timeout": 60, "interval": 0.05}


@pytest.fixture(scope="module")
def shared(place):
    """Both serve the main queue; only Python serves the other, to which ours forwards what it does not know."""
    place.rest = place.new_queue("rest")
    place.start_rust_worker(place.queue, unknown_task=f"forward:{place.rest}")
    place.start_python_worker(place.queue, place.rest)
    return place


@pytest.fixture(scope="module")
def entry(shared):
    """A queue that only ours serves, forwarding to Python's: what is sent there goes through both."""
    entry = shared.new_queue("entry")
    shared.start_rust_worker(entry, unknown_task=f"forward:{shared.rest}")
    return entry


@pytest.mark.short
def test_mixed_tasks_none_fails(shared, lane):
    count = 60 if lane == "localstack" else 400
    effects = shared.effects()
    names = [f"n{n}" for n in range(count)]
    results = [
        shared.python.send_task(random.choice(["w.effects", "py.effects"]), [str(effects), name]) for name in names
    ]
    assert [result.get(**GET) for result in results] == names
    shared.wait_until_empty()
    assert sorted(effects.ids()) == sorted(names)
    ran_by = {who for _, who, _ in effects.lines()}
    assert ran_by == {"python", "rust"}, "one of the two workers did nothing"


def test_a_forwarded_task_keeps_everything(shared, entry):
    sent = {"args": [6, 7], "queue": entry, "serializer": "msgpack", "compression": "gzip", "headers": {"x-kept": "yes"}}
    results = [shared.python.send_task("py.multiply", **sent) for _ in range(30)]
    assert [result.get(**GET) for result in results] == [42] * 30
    info = shared.python.send_task("py.request_info", queue=entry, headers={"x-kept": "yes"}, root_id="root", group_id="g")
    got = info.get(**GET)
    assert (got["id"], got["headers"], got["root_id"], got["group"]) == (info.id, {"x-kept": "yes"}, "root", "g")


def test_many_tasks_reach_python_through_ours_and_run_once_each(shared, entry):
    count = 1000
    effects = shared.effects()
    names = [f"f{n}" for n in range(count)]
    results = [shared.python.send_task("py.effects", [str(effects), name], queue=entry) for name in names]
    wait_for(lambda: len(effects.lines()) >= count, timeout=90)
    shared.wait_until_empty()
    assert sorted(effects.ids()) == sorted(names)
    assert [result.get(**GET) for result in results] == names


def test_released_tasks_stay_until_a_worker_knows_them(shared):
    kept = shared.new_queue("kept")
    ours = shared.start_rust_worker(kept, unknown_task="release")
    results = [shared.python.send_task("py.multiply", [6, 7], queue=kept) for _ in range(30)]
    wait_for(lambda: (log := ours.text()) and all(result.id in log for result in results))
    ours.stop()
    assert shared.emulator.count(kept) == len(results)
    shared.start_python_worker(kept)
    assert [result.get(**GET) for result in results] == [42] * len(results)


def test_retries_cross_between_the_workers(shared):
    """The first try and the second may run on either side.

    Celery sends the second try before it stores RETRY, without a condition: under load that RETRY can cover a SUCCESS that came
    within the countdown. So the countdown is longer than the load.
    """
    effects = shared.effects()
    names = [f"r{n}" for n in range(60)]
    results = [shared.python.send_task("w.retry_once", [str(effects), name, 5]) for name in names]
    assert [result.get(**GET) for result in results] == [1] * len(names)
    shared.wait_until_empty()
    assert sorted(effects.ids()) == sorted(names)
    wait_for(lambda: all(result.status == "SUCCESS" for result in results))
