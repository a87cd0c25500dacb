"""Lets Celery's `t/integration` run against a worker outside of its process; a plugin of pytest (`-p suite_plugin`).

On SQS there is no remote control: where the suite asks workers for what they do, a task that comes back stands for the answer.
Tests that the suite runs with Redis results only are run on DynamoDB as well.

SUITE_SHARD=i/n    every n-th test
SUITE_REPORT=file  a line of JSON for each test that has ended
SUITE_NO_REDIS=1   leaves out the tests that look into Redis for what their tasks have done
"""

import inspect
import json
import os
import signal
import time

import celery.contrib.pytest as celery_pytest
import celery.contrib.testing.manager as celery_manager
import pytest
from celery.backends.base import SyncBackendMixin

ECHO = "t.integration.tasks.identity"


def answers(app, timeout: float) -> bool:
    """Whether a worker runs a task in time."""
    result = app.send_task(ECHO, args=("here",))
    try:
        return result.get(timeout=timeout, interval=0.05) == "here"
    finally:
        result.forget()


# ---- the worker is another process -------------------------------------------------------------


@pytest.fixture(scope="session")
def celery_session_worker(celery_session_app, celery_includes, celery_class_tasks):
    for module in celery_includes:
        celery_session_app.loader.import_task_module(module)
    for task in celery_class_tasks:
        celery_session_app.register_task(task)
    assert answers(celery_session_app, 60), "no worker answers"
    yield None


class Workers:
    """`app.control.inspect()`, as far as a task can answer."""

    def __init__(self, real, app):
        self._real, self._app = real, app

    def ping(self, *args, **kwargs):
        return {"worker@outside": {"ok": "pong"}} if answers(self._app, 30) else None

    def __getattr__(self, name):
        return getattr(self._real, name)


def wait_until_idle(manager):
    """Empties the queue, then waits for a task behind what still runs."""
    left, again = signal.getitimer(signal.ITIMER_REAL)
    signal.setitimer(signal.ITIMER_REAL, 0)  # the limit is the test's own
    try:
        with manager.app.connection() as connection:
            end = time.monotonic() + 10
            while manager.app.control.purge(connection=connection) and time.monotonic() < end:
                pass
        answers(manager.app, 60)
    finally:
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left, 2.0), again)


# ---- results are in DynamoDB -------------------------------------------------------------------


class Backend(str):
    """The URL of the results, which does not mind to be asked whether it is Redis."""

    def startswith(self, prefix, *args):
        asked = prefix if isinstance(prefix, tuple) else (prefix,)
        return "redis" in asked or super().startswith(prefix, *args)


def create_app(*args, **config):
    return real_create_app(*args, **{**config, "result_backend": Backend(config["result_backend"])})


def wait_for(self, task_id, timeout=None, interval=0.5, no_ack=True, on_interval=None):
    """Looks at a result's parents once more before it fails, as Celery does with Redis: else it is chance which error is seen."""
    meta = real_wait_for(self, task_id, timeout=timeout, interval=interval, no_ack=no_ack, on_interval=on_interval)
    if on_interval and meta["status"] != "SUCCESS":
        on_interval()
    return meta


# Put in their places before the suite's own conftest.py takes these names.
real_create_app, real_wait_for = celery_pytest._create_app, SyncBackendMixin.wait_for
real_inspect = celery_manager.ManagerMixin.inspect
celery_pytest.celery_session_worker = celery_session_worker
celery_pytest._create_app = create_app
celery_manager.ManagerMixin.wait_until_idle = wait_until_idle
celery_manager.ManagerMixin.inspect = lambda self, timeout=3.0: Workers(real_inspect(self, timeout), self.app)
SyncBackendMixin.wait_for = wait_for


# ---- a limit for each test, of its subtests too ------------------------------------------------

real_setitimer = signal.setitimer
in_subtest = False


def setitimer(which, seconds, interval=0.0):
    """Rings again, since a subtest swallows the first alarm."""
    return real_setitimer(which, seconds, 6.0 if seconds and not interval else interval)


signal.setitimer = setitimer


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_exception_interact(node, call, report):
    global in_subtest
    in_subtest = type(report).__name__ == "SubtestReport"
    try:
        return (yield)
    finally:
        in_subtest = False


@pytest.hookimpl(tryfirst=True, optionalhook=True)
def pytest_timeout_cancel_timer(item):
    """A subtest that failed is no end of the test's limit."""
    return True if in_subtest else None


# ---- which tests, and how they ended -----------------------------------------------------------


def looks_into_redis(item) -> bool:
    try:
        return "redis" in inspect.getsource(item.function)
    except (OSError, TypeError):
        return False


def pytest_collection_modifyitems(items):
    index, count = map(int, os.environ.get("SUITE_SHARD", "0/1").split("/"))
    for item in items:
        # each test is run once, and has one limit
        item.own_markers = [mark for mark in item.own_markers if mark.name not in ("flaky", "timeout")]
        if os.environ.get("SUITE_NO_REDIS") and looks_into_redis(item):
            item.add_marker(pytest.mark.skip(reason="there is no redis-server"))
    items[:] = items[index::count]


def pytest_runtest_logreport(report):
    # of a subtest the report has the test's name too
    if report.when == "call" or report.outcome != "passed":
        with open(os.environ["SUITE_REPORT"], "a") as file:
            print(json.dumps({"test": report.nodeid, "outcome": report.outcome}), file=file)
