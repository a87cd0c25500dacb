"""A Python app's periodic tasks, dumped by the script of the guide and imported by `celeriac import celery-beat`, are what they were."""

import json
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from celery.schedules import crontab, maybe_schedule, solar
from kombu.utils.json import loads
from place import BINARIES
from process import clean_environment
from wrong_beat_app import WRONG

try:
    import tomllib
except ImportError:  # Python 3.10
    from pip._vendor import tomli as tomllib

ROOT = Path(__file__).parent.parent.parent
FIXTURES = ROOT / "tests" / "fixtures" / "beat"
LEFT_OUT = {"null", "not JSON", "unknown class"}


@pytest.fixture(scope="module")
def app():
    sys.path.insert(0, str(FIXTURES))
    try:
        import beat_app
    finally:
        sys.path.remove(str(FIXTURES))
    beat_app.app.finalize()
    return beat_app.app


@pytest.fixture(scope="module")
def dump():
    """What the script of the guide prints."""
    return run_script("beat_app:app", FIXTURES)


def run_script(app, folder):
    command = [sys.executable, str(ROOT / "docs" / "beat_schedule_dump.py"), app]
    env = {**clean_environment(), "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_import(text, *arguments):
    command = [str(BINARIES / "celeriac"), "import", "celery-beat", "-", *arguments]
    return subprocess.run(command, env=clean_environment(), input=text, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def imported(dump):
    done = run_import(dump)
    assert done.returncode == 1, done.stderr  # some entries are left out
    return tomllib.loads(done.stdout)["beat_schedule"], done.stderr


def test_the_script_prints_the_fixture(dump):
    assert json.loads(dump) == json.loads((FIXTURES / "beat_schedule.json").read_text())


def test_every_entry_is_there_or_named(app, imported):
    entries, notes = imported
    assert set(app.conf.beat_schedule) == set(entries) | LEFT_OUT
    assert not set(entries) & LEFT_OUT
    for name in LEFT_OUT:
        assert f"left out: stdin: beat entry `{name}`:" in notes


def test_every_call_is_what_it_was(app, imported):
    for name, entry in imported[0].items():
        was = app.conf.beat_schedule[name]
        assert entry["task"] == was["task"]
        assert entry.get("args", []) == list(was.get("args", ())), name
        assert entry.get("kwargs", {}) == dict(was.get("kwargs", {})), name


def test_every_schedule_is_due_when_it_was(app, imported):
    """What the TOML says, made into a schedule of Celery's, has the same next times as the app's own."""
    start = datetime(2027, 3, 1, 12, 34, 56, tzinfo=timezone.utc)
    for name, entry in imported[0].items():
        was = app.conf.beat_schedule[name]
        was = maybe_schedule(was["schedule"], was.get("relative", False), app=app)
        again = as_celery(entry, app)
        assert type(again) is type(was), name
        for days in range(0, 400, 7):
            last = start + timedelta(days=days, hours=days % 24)
            for one in (was, again):
                one.nowfun = lambda last=last: last + timedelta(seconds=1)
            assert again.remaining_estimate(last) == was.remaining_estimate(last), (name, last)
            assert again.is_due(last) == was.is_due(last), (name, last)


def as_celery(entry, app):
    match entry["schedule"]:
        case str(text):
            assert entry["timezone"] == "Europe/Berlin"
            again = crontab.from_string(text)
            again.app = app
            return again
        case {"solar": place}:
            return solar(place["event"], place["lat"], place["lon"], app=app)
        case seconds:
            return maybe_schedule(seconds, entry.get("relative", False), app=app)


def test_celeriac_has_the_next_times_of_python(app, dump, tmp_path):
    """`schedules next` of an app of ours with the imported settings, beside `remaining_estimate`, where no clocks change."""
    settings = tmp_path / "celeriac.toml"
    settings.write_text('timezone = "Europe/Berlin"\n\n' + run_import(dump).stdout)
    begin = datetime(2027, 4, 5, tzinfo=timezone.utc)  # on the grid of every interval
    for name, entry in app.conf.beat_schedule.items():
        if name in LEFT_OUT:
            continue
        schedule = maybe_schedule(entry["schedule"], entry.get("relative", False), app=app)
        ours = next_times(settings, name, begin, 20)
        theirs = list(python_times(schedule, begin.astimezone(app.timezone), 20))
        tolerance = timedelta(seconds=5 if isinstance(schedule, solar) else 0)
        assert len(ours) == 20, name
        assert all(abs(one - other) <= tolerance for one, other in zip(ours, theirs)), (name, ours[:3], theirs[:3])


def next_times(settings, name, after, count):
    command = [str(BINARIES / "shop"), "schedules", "next", name, "-n", str(count), "--after", after.isoformat(), "--json"]
    env = {**clean_environment(), "CELERIAC_CONFIG": str(settings)}
    done = subprocess.run(command, env=env, cwd=settings.parent, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [datetime.fromisoformat(one["time"].replace("Z", "+00:00")) for one in json.loads(done.stdout)]


def python_times(schedule, last, count):
    for _ in range(count):
        schedule.nowfun = lambda last=last: last
        last = last + schedule.remaining_estimate(last)
        yield last


def test_options_are_what_they_were_or_told_of(imported):
    entries, notes = imported
    assert entries["options"]["options"] == {"queue": "reports", "expires": 20, "priority": 3, "headers": {"tenant": "acme"}}
    assert entries["added later"]["options"] == {"queue": "sums"}
    assert "options" not in entries["exchange"]
    assert "beat entry `exchange`: options `exchange` and `routing_key` are left out" in notes
    assert entries["ends"]["end"] == "2032-01-01T00:00:00Z"
    assert "beat entry `ends`: option `expires` is a fixed time" in notes
    assert "beat entry `relative`: `relative` goes by the setting `timezone`: set it to `Europe/Berlin`" in notes


def test_json_is_the_same(dump, imported):
    done = run_import(dump, "--json")
    assert done.returncode == 1, done.stderr  # TOML lacks more
    entries = loads(done.stdout)
    assert entries.pop("null")["args"] == [None]
    assert entries == imported[0]


def test_one_that_cannot_be_is_named_and_the_others_are_dumped():
    """As Celery's beat, which logs such an entry's error and sends the others."""
    dumped = run_script("wrong_beat_app:app", Path(__file__).parent)
    done = run_import(dumped)
    assert done.returncode == 1, done.stderr
    assert set(tomllib.loads(done.stdout)["beat_schedule"]) == {"before", "7", "after"}
    said = [line for line in done.stderr.splitlines() if line.startswith("left out:")]
    assert len(said) == len(WRONG) + 1, done.stderr
    for name, (_, reason) in WRONG.items():
        assert any(line.startswith(f"left out: stdin: beat entry `{name}`: {reason}") for line in said), (name, done.stderr)
    assert "left out: stdin: beat entry `no dict`: it is ('shop.report', 30), not a dict" in said
