"""Python's backend writes whole items (PutItem), so it wipes our attributes in the middle of our ledger. Whatever it
writes and whenever, a task ends in one final state, which stays."""

import json
import time

import pytest
from celery.exceptions import TaskRevokedError
from compare import wait_for

GET = {"timeout": 30, "interval": 0.05}


@pytest.fixture(scope="module")
def worker(place):
    return place.start_rust_worker()


@pytest.fixture
def wiped(place, worker):
    """Stores a state as Python's backend does and proves that nothing of ours is left in the item."""

    def store(task_id, result, state):
        place.python.backend.store_result(task_id, result, state)
        item = place.emulator.item(place.table, task_id)
        assert set(item) <= {"id", "result", "timestamp", "ttl"}, "Python's PutItem replaced the item"

    return store


def stored(place, task_id) -> dict:
    return json.loads(place.emulator.item(place.table, task_id)["result"]["B"])


def stays(place, task_id, state, seconds=1.5):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert stored(place, task_id)["status"] == state
        time.sleep(0.1)


def send_sleeping(place, effects, seconds=2):
    """A task that is running when this returns, and leaves its effect at the end."""
    result = place.python.send_task("w.slow_effects", [str(effects), "ran", seconds])
    wait_for(lambda: f"{result.id}" in [line[0] for line in effects.lines()])
    return result


@pytest.mark.parametrize("state", ["STARTED", "RETRY", "PROGRESS"])
def test_an_unfinished_state_written_while_ours_runs_does_not_lose_the_result(place, wiped, state):
    effects = place.effects()
    result = send_sleeping(place, effects)
    wiped(result.id, ValueError("again") if state == "RETRY" else {"by": "python"}, state)
    assert result.get(**GET) == "ran"
    stays(place, result.id, "SUCCESS")
    place.wait_until_empty()
    assert effects.ids() == [result.id, "ran"]


@pytest.mark.parametrize(
    ("state", "value"),
    [("REVOKED", TaskRevokedError("revoked")), ("SUCCESS", "by python"), ("FAILURE", ValueError("by python"))],
)
def test_a_final_state_written_while_ours_runs_stands(place, wiped, state, value):
    effects = place.effects()
    result = send_sleeping(place, effects)
    wiped(result.id, value, state)
    wait_for(lambda: "ran" in effects.ids())
    place.wait_until_empty()
    stays(place, result.id, state)


@pytest.mark.parametrize(
    ("state", "value"),
    [("REVOKED", TaskRevokedError("revoked")), ("SUCCESS", "by python"), ("FAILURE", ValueError("by python"))],
)
def test_a_task_that_python_ended_before_is_not_run(place, wiped, state, value):
    effects = place.effects()
    task_id = f"ended-{state}-{time.time_ns()}"
    wiped(task_id, value, state)
    place.python.send_task("w.effects", [str(effects), "never"], task_id=task_id)
    place.wait_until_empty()
    stays(place, task_id, state)
    assert effects.lines() == []


@pytest.mark.parametrize("state", ["STARTED", "RETRY"])
def test_a_task_that_python_began_is_run(place, wiped, state):
    effects = place.effects()
    task_id = f"began-{state}-{time.time_ns()}"
    wiped(task_id, ValueError("again") if state == "RETRY" else {"by": "python"}, state)
    result = place.python.send_task("w.effects", [str(effects), "once"], task_id=task_id)
    assert result.get(**GET) == "once"
    place.wait_until_empty()
    assert effects.ids() == ["once"]


def test_python_writes_between_our_tries(place, wiped):
    """Our first try retries; Python then stores RETRY over it (its own try of the same task); our second try ends it."""
    effects = place.effects()
    result = place.python.send_task("w.retry_once", [str(effects), "once"], {"countdown": 2})
    wait_for(lambda: result.status == "RETRY")
    wiped(result.id, ValueError("python's try"), "RETRY")
    assert result.get(**GET) == 1
    place.wait_until_empty()
    assert effects.ids() == ["once"]
    stays(place, result.id, "SUCCESS")


def test_python_revokes_between_our_tries(place, wiped):
    effects = place.effects()
    result = place.python.send_task("w.retry_once", [str(effects), "never"], {"countdown": 2})
    wait_for(lambda: result.status == "RETRY")
    wiped(result.id, TaskRevokedError("revoked"), "REVOKED")
    place.wait_until_empty()
    stays(place, result.id, "REVOKED")
    assert effects.lines() == []


@pytest.mark.short
def test_a_second_copy_of_a_finished_task_does_not_run(place, worker):
    """A standard queue may deliver a message twice; the copy meets a final state, ours or Python's."""
    effects = place.effects()
    first = place.python.send_task("w.effects", [str(effects), "once"])
    assert first.get(**GET) == "once"
    for _ in range(3):
        place.python.send_task("w.effects", [str(effects), "once"], task_id=first.id)
    place.wait_until_empty()
    assert effects.ids() == ["once"]
    assert first.get(**GET) == "once"


def test_many_tasks_with_python_writing_all_the_while(place, worker):
    """Python's PROGRESS over a hundred items of running tasks: each ends in one SUCCESS, and runs once."""
    effects = place.effects()
    results = [place.python.send_task("w.slow_effects", [str(effects), f"done-{n}", 2]) for n in range(100)]
    written = set()
    while len([name for name in effects.ids() if name.startswith("done-")]) < len(results):
        for name, _, at in effects.lines():
            # Well before the end of the run: Python's own read-then-put could wipe a final state,
            # and that is Python's.
            if name not in written and not name.startswith("done-") and time.time() - float(at) < 1:
                place.python.backend.store_result(name, {"by": "python"}, "PROGRESS")
                written.add(name)
        time.sleep(0.05)
    assert len(written) > 50, "the test wrote too little to say anything"
    assert [result.get(**GET) for result in results] == [f"done-{n}" for n in range(100)]
    place.wait_until_empty()
    assert sorted(effects.ids()) == sorted([result.id for result in results] + [f"done-{n}" for n in range(100)])
