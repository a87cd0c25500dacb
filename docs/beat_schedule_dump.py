"""Prints a Celery app's beat_schedule as JSON: python beat_schedule_dump.py myapp.celery:app > beat.json"""
import sys

from celery.app.utils import find_app
from celery.schedules import maybe_schedule
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


def dump(app, entry):
    get = entry.get if isinstance(entry, dict) else lambda key: getattr(entry, key, None)
    options = {key: getattr(value, "name", value) for key, value in (get("options") or {}).items()}  # Queue, Exchange
    dumped = {"task": get("task"), "schedule": when(maybe_schedule(get("schedule"), get("relative") or False, app=app))}
    dumped.update(args=list(get("args") or ()), kwargs=dict(get("kwargs") or {}), options=options)
    try:
        return dumps(dumped) and dumped
    except TypeError as error:
        return {"error": str(error)}  # an argument that is no JSON


app = find_app(sys.argv[1])
app.loader.init_worker()
app.finalize()
entries = {name: dump(app, entry) for name, entry in app.conf.beat_schedule.items()}
print(dumps({"timezone": str(app.timezone), "beat_schedule": entries}))
