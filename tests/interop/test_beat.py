"""Entries in Celery's shape become schedules in EventBridge Scheduler, which fire through to a task that ours or a Python worker runs.

Nothing of Python's sends here: its `AsyncResult` reads what became of each firing, by the id `ENTRY:TIME`.
"""

import re
import time
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from beat import Beat, ahead
from compare import wait_for

GET = {"timeout": 30, "interval": 0.05}
# A rate begins with the next whole minute.
A_MINUTE = {"timeout": 75, "interval": 0.2}


@contextmanager
def applied(place, entries: dict):
    beat = Beat(place, entries)
    try:
        beat.run("apply")
        yield beat
    finally:
        beat.close()


@pytest.fixture(scope="module")
def beat(place):
    """Applied once, at the start: while its rates wait for their minute, the other tests run."""
    rest = place.new_queue("rest")
    place.start_rust_worker()
    place.start_python_worker(rest)
    to_python = {"task": "py.multiply", "args": [6, 7], "options": {"queue": rest}}
    to_ours = {"task": "w.add", "args": [2, 3]}
    at = ahead(3)
    entries = {
        "once": {**to_ours, "schedule": {"at": at}},
        "once-python": {**to_python, "schedule": {"at": at}},
        "minutely": {**to_ours, "schedule": 60},
        "minutely-python": {**to_python, "schedule": 60},
        "often": {**to_ours, "schedule": 10},  # six schedules, of which five send with a delay
    }
    with applied(place, entries) as beat:
        beat.at = at
        beat.first = {name: first_minute(schedule) for name, schedule in beat.there().items() if name not in ("once", "once-python")}
        yield beat


def first_minute(schedule: dict) -> datetime:
    """At which it fires for the first time."""
    start = schedule.get("StartDate") or schedule["LastModificationDate"] + timedelta(minutes=1)
    return start.replace(second=0, microsecond=0)


def result(place, entry: str, at: str, wait: dict):
    sent = place.python.AsyncResult(f"{entry}:{at}")
    got = sent.get(**wait)
    assert sent.status == "SUCCESS"
    return got


# ---- at


def test_at_fires_through_to_our_worker(place, beat):
    assert result(place, "once", beat.at, GET) == 5


@pytest.mark.worker_is_python
def test_at_fires_through_to_a_python_worker(place, beat):
    assert result(place, "once-python", beat.at, GET) == 42


@pytest.mark.clock
def test_what_has_fired_is_gone_and_in_the_history(place, beat):
    result(place, "once", beat.at, GET)
    wait_for(lambda: "once" not in beat.there(), timeout=5)
    [run] = beat.json("history", "once")
    assert (run["task_id"], run["state"]) == (f"once:{beat.at}", "SUCCESS")


# ---- plan and apply


@pytest.fixture
def quiet(place):
    """Nothing of it is due while a test runs."""
    entries = {
        "nightly": {"task": "w.noop", "schedule": {"crontab": {"minute": "30", "hour": "2"}}, "timezone": "Europe/Berlin"},
        "delayed": {"task": "w.noop", "schedule": {"at": "2099-01-01T00:00:00Z"}, "options": {"countdown": 5}},
        "daily": {"task": "w.add", "args": [1, 2], "schedule": 86400},
    }
    beat = Beat(place, entries)
    yield beat
    beat.close()


@pytest.mark.clock
def test_apply_does_what_plan_says_and_then_there_is_nothing_to_do(quiet):
    plan = quiet.json("plan", "--detailed-exitcode", code=5)
    assert (plan["add"], plan["change"], plan["remove"], plan["group_is_missing"]) == (3, 0, 0, True)
    done = quiet.json("apply")
    assert len(done["applied"]) == 3
    before = quiet.there()
    assert before["nightly"]["ScheduleExpressionTimezone"] == "Europe/Berlin"
    assert before["delayed"]["Target"]["Arn"] == "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"

    for deep in ([], ["--deep"]):
        plan = quiet.json("plan", "--detailed-exitcode", *deep)
        assert (plan["add"], plan["change"], plan["remove"], plan["unchanged"]) == (0, 0, 0, 3)
        assert quiet.json("apply", *deep)["applied"] == []
    times = {name: schedule["LastModificationDate"] for name, schedule in quiet.there().items()}
    assert times == {name: schedule["LastModificationDate"] for name, schedule in before.items()}


@pytest.mark.clock
def test_a_changed_entry_is_replaced_and_one_that_is_gone_deleted(quiet):
    with applied(quiet.place, quiet.entries) as foreign:
        quiet.run("apply")
        quiet.entries["daily"]["args"] = [3, 4]
        del quiet.entries["nightly"]
        quiet.run("plan", "--detailed-exitcode", code=5)
        before = quiet.there()
        quiet.run("apply")
        after = quiet.there()
        assert set(after) == {"delayed", "daily"}
        assert after["daily"]["Name"] != before["daily"]["Name"]
        assert after["delayed"] | {"ResponseMetadata": None} == before["delayed"] | {"ResponseMetadata": None}
        quiet.run("plan", "--detailed-exitcode")
        assert set(foreign.there()) == {"nightly", "delayed", "daily"}


@pytest.mark.clock
def test_what_somebody_else_changed_is_seen_and_repaired(quiet):
    quiet.run("apply")
    daily = quiet.there()["daily"]
    scheduler = quiet.place.emulator.scheduler
    kept = ("Name", "GroupName", "ScheduleExpression", "ScheduleExpressionTimezone", "FlexibleTimeWindow")
    changed = {name: daily[name] for name in kept}
    scheduler.update_schedule(**changed, Target={**daily["Target"], "Input": "{}"})
    quiet.run("plan", "--detailed-exitcode", "--deep", code=5)
    quiet.run("apply", "--deep")
    assert quiet.there()["daily"]["Target"] == daily["Target"]
    quiet.run("plan", "--detailed-exitcode", "--deep")


@pytest.mark.clock
def test_what_is_asked_for_as_json_is_json(quiet):
    quiet.run("apply")
    listed = {entry["entry"]: entry for entry in quiet.json("list")}
    assert {name: entry["state"] for name, entry in listed.items()} == dict.fromkeys(quiet.entries, "enabled")
    assert listed["delayed"]["next"] == "2099-01-01T00:00:00Z"
    assert len(quiet.json("next", "nightly", "-n", "3")) == 3
    assert isinstance(quiet.json("history", "daily"), list)


# ---- pause and run-now


@pytest.mark.clock
def test_a_paused_entry_does_not_fire_until_it_is_resumed(place):
    queue = place.new_queue("unserved")
    entry = {"task": "w.noop", "schedule": {"at": ahead(8)}, "options": {"queue": queue}}
    with applied(place, {"paused": entry, "resumed": entry, "plain": entry}) as beat:
        beat.run("pause", "paused", "resumed")
        beat.run("resume", "resumed")
        states = {entry["entry"]: entry["state"] for entry in beat.json("list")}
        assert states == {"paused": "paused", "resumed": "enabled", "plain": "enabled"}
        beat.run("apply")  # which ends no pause
        assert beat.there()["paused"]["State"] == "DISABLED"
        wait_for(lambda: place.emulator.count(queue) >= 2)
        time.sleep(1.5)  # the emulator has looked once more
        assert place.emulator.count(queue) == 2
        assert set(beat.there()) == {"paused"}


@pytest.mark.clock
@pytest.mark.usefixtures("beat")
def test_an_entry_is_run_at_once(quiet):
    assert quiet.json("run-now", "daily", "--wait")["result"] == 3


# ---- a process instead of EventBridge Scheduler


@pytest.mark.worker_is_python
def test_a_beat_process_sends_what_a_python_worker_runs(fresh_place):
    effects = fresh_place.effects()
    entry = {"task": "py.effects", "args": [str(effects), "by-beat"], "schedule": 1}
    beat = Beat(fresh_place, {"often": entry})
    fresh_place.start_python_worker()
    sender = beat.start()
    wait_for(lambda: len(effects.lines()) >= 2)
    assert sender.stop() == 0
    sent = re.findall(r'id="(often:[0-9T:-]+Z)"', sender.text())
    assert len(set(sent)) == len(sent) >= 2
    assert [fresh_place.python.AsyncResult(task_id).get(**GET) for task_id in sent] == ["by-beat"] * len(sent)
    fresh_place.wait_until_empty()
    assert len(effects.lines()) == len(sent)


# ---- rate: last, because it waits for its minute


def iso(moment) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.clock
def test_a_rate_fires_through_to_our_worker(place, beat):
    assert result(place, "minutely", iso(beat.first["minutely"]), A_MINUTE) == 5


@pytest.mark.clock
def test_a_rate_fires_through_to_a_python_worker(place, beat):
    assert result(place, "minutely-python", iso(beat.first["minutely-python"]), A_MINUTE) == 42


@pytest.mark.clock
def test_each_firing_is_a_task_of_its_own(place, beat):
    """Below a minute, the schedules of an entry differ by a delay, which the queue keeps: the second run comes ten seconds later."""
    minute = iso(max(moment for name, moment in beat.first.items() if name.startswith("often.")))
    first, second = minute, f"{minute}+10s"
    assert result(place, "often", first, A_MINUTE) == result(place, "often", second, GET) == 5
    done = [place.python.AsyncResult(f"often:{at}").date_done for at in (first, second)]
    assert done[1] - done[0] > timedelta(seconds=8)
