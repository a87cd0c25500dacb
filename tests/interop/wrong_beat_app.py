"""A Celery app with entries that cannot be among others, for docs/beat_schedule_dump.py."""

from celery import Celery
from celery.schedules import crontab

CIRCLE = []
CIRCLE.append(CIRCLE)
# Fields of an entry, and what the import says of it.
WRONG = {
    "forgotten comma": ({"args": (3)}, "`args` is 3, not a list or tuple (a tuple of one needs its comma: `(3,)`)"),
    "kwargs list": ({"kwargs": ["a"]}, "`kwargs` is ['a'], not a dict"),
    "kwargs pairs": ({"kwargs": [("a", 1)]}, "`kwargs` is [('a', 1)], not a dict"),
    "kwargs set": ({"kwargs": {"a"}}, "`kwargs` is {'a'}, not a dict"),
    "options list": ({"options": ["queue"]}, "`options` is ['queue'], not a dict"),
    "options number": ({"options": 3}, "`options` is 3, not a dict"),
    "text": ({"schedule": "every day"}, "`schedule` is 'every day', not seconds, a timedelta or a schedule such as `crontab(...)`"),
    "no schedule": ({"schedule": None}, "`schedule` is None, not seconds, a timedelta or a schedule"),
    "uncalled": ({"schedule": crontab}, "`schedule` is <class 'celery.schedules.crontab'>, not seconds"),
    "nan": ({"schedule": float("nan")}, "cannot convert float NaN to integer"),
    "function": ({"task": print}, "`task` is <built-in function print>, not a task's name"),
    "circle": ({"args": CIRCLE}, "an argument or option is no JSON (Circular reference detected): write the entry in code"),
    "key": ({"kwargs": {(1, 2): 3}}, "an argument or option is no JSON (keys must be str, int, float, bool or None, not tuple)"),
}

good = {"task": "shop.report", "schedule": 30}
wrong = {name: {**good, **fields} for name, (fields, _) in WRONG.items()}
app = Celery("shop", broker="memory://")
app.conf.beat_schedule = {"before": good, 7: good, **wrong, "no dict": ("shop.report", 30), "after": good}
