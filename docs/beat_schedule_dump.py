"""Prints a Celery app's beat_schedule as JSON: python beat_schedule_dump.py myapp.celery:app > beat.json"""
import sys
from collections.abc import Iterable, Mapping
from datetime import timedelta

from celery.app.utils import find_app
from celery.beat import ScheduleEntry
from celery.schedules import maybe_schedule
from kombu import Exchange, Queue
from kombu.utils.json import dumps

FIELDS = ("minute", "hour", "day_of_week", "day_of_month", "month_of_year")


def when(schedule):
    kind = f"{type(schedule).__module__}.{type(schedule).__qualname__}"
    if kind == "celery.schedules.schedule":
        return {"every": schedule.run_every.total_seconds(), "relative": schedule.relative}
    if kind in ("celery.schedules.crontab", "django_celery_beat.tzcrontab.TzAwareCrontab"):
        zone = schedule.remaining_delta(schedule.now())[0].tzinfo  # in which this version of Celery reads the fields
        given = {field: getattr(schedule, f"_orig_{field}") for field in FIELDS}
        fields = {field: spec if isinstance(spec, (int, str)) else sorted(spec) for field, spec in given.items()}
        return {"crontab": fields, "timezone": str(zone)}
    if kind == "celery.schedules.solar":
        return {"solar": {"event": schedule.event, "lat": float(schedule.lat), "lon": float(schedule.lon)}}
    return {"class": kind}  # not one that celeriac knows: it says so and leaves the entry out


def field(entry, key, kind=object, wanted=None):
    value = entry.get(key) if isinstance(entry, dict) else getattr(entry, key, None)
    if value and not isinstance(value, kind):
        raise TypeError(f"`{key}` is {value!r:.99}, not {wanted}")
    return value


def read(app, entry):
    if not isinstance(entry, (dict, ScheduleEntry)):
        raise TypeError(f"it is {entry!r:.99}, not a dict")
    args = field(entry, "args", Iterable, "a list or tuple (a tuple of one needs its comma: `(3,)`)") or ()
    kwargs = field(entry, "kwargs", Mapping, "a dict") or {}
    options = field(entry, "options", Mapping, "a dict") or {}
    options = {key: value.name if isinstance(value, (Exchange, Queue)) else value for key, value in options.items()}
    schedule = field(entry, "schedule")
    if not isinstance(schedule, (int, float, timedelta)) and not hasattr(type(schedule), "is_due"):
        raise TypeError(f"`schedule` is {schedule!r:.99}, not seconds, a timedelta or a schedule such as `crontab(...)`")
    schedule = maybe_schedule(schedule, field(entry, "relative") or False, app=app)
    task = field(entry, "task", str, "a task's name")
    return {"task": task, "schedule": when(schedule), "args": list(args), "kwargs": dict(kwargs), "options": options}


def dump(app, entry):
    try:
        dumped = read(app, entry)
    except Exception as error:  # named by the import; the others are dumped
        return {"error": str(error) or repr(error)}
    try:
        return dumps(dumped) and dumped
    except Exception as error:
        return {"error": f"an argument or option is no JSON ({error}): write the entry in code"}


if len(sys.argv) != 2:
    sys.exit(__doc__)
app = find_app(sys.argv[1])
app.loader.init_worker()
app.finalize()
entries = {str(name): dump(app, entry) for name, entry in app.conf.beat_schedule.items()}
print(dumps({"timezone": str(app.timezone), "beat_schedule": entries}))
