"""Canvases across the language line: Celery's client and our workers, our client and Celery's workers, both workers on one queue."""

import base64
import contextlib
import json

import pytest
from canvases import BETTER, CANVASES, EXPIRED, NEVER, STAMPS
from celery.result import GroupResult
from compare import wait_for
from signatures import NAMED, by_name, fixed, ids_by_name, same, stamped

GET = {"timeout": 30, "interval": 0.05}


def each(table):
    """A test for each canvas."""
    return pytest.mark.parametrize("name", [name for name, *_ in table])


class Run:
    """A client's run of a table. Canvases are sent some rows before they are looked at: most of their time is waiting."""

    AHEAD = 8

    def __init__(self, place, send, table):
        self._place, self._send = place, send
        self._rows = {name: row for name, *row in table}
        self._sent = {}

    def check(self, name: str) -> None:
        canvas, task_ids = self._canvas(name)
        _, end, *named = self._rows[name]
        ends = end if isinstance(end, tuple) else (end,)
        assert [self._end(*last) for last in zip(task_ids, ends, strict=True)] == list(ends)
        ids = ids_by_name(canvas)
        for ends in named:
            assert {name: self._end(ids[name], end) for name, end in ends.items()} == ends

    def _canvas(self, name: str):
        """The canvas, and the ids of the tasks that end it."""
        sent = self._sent.get(name) or self._send_row(name)
        names = list(self._rows)
        for later in names[names.index(name) :][: self.AHEAD]:
            if later not in self._sent:
                with contextlib.suppress(Exception):  # its own test raises it
                    self._send_row(later)
        return sent

    def _send_row(self, name: str):
        make, *_ = self._rows[name]
        canvas = make()
        self._sent[name] = canvas, self._send(self._place, canvas)
        return self._sent[name]

    def _end(self, task_id: str, expected):
        """By its id alone: Python raises the first error among the parents that a result knows."""
        result = self._place.python.AsyncResult(task_id)
        if expected == NEVER:
            return result.state
        value = result.get(**GET, propagate=False)
        if result.state == "SUCCESS":
            return by_name(value)
        error = type(value).__name__
        assert result.state == ("REVOKED" if error == EXPIRED else "FAILURE")
        return error


def sent_by_python(place, canvas) -> list[str]:
    place.python.set_current()
    return leaves(canvas.apply_async())


def sent_by_ours(place, canvas) -> list[str]:
    return place.client.canvas(canvas)


def leaves(result) -> list[str]:
    if isinstance(result, GroupResult):
        return [task_id for member in result.results for task_id in leaves(member)]
    return [result.id]


def stamps_seen(place) -> dict[str, dict]:
    """The stamps of what is sent aside, by its name."""
    aside = place.new_queue("aside")
    for make, _ in STAMPS.values():
        sent_by_python(place, stamped(make(fixed(same(1, queue=aside))), tenant="acme"))
    seen = {}

    def everything() -> bool:
        for body in place.emulator.take(aside):
            headers = json.loads(base64.b64decode(body))["headers"]
            seen[NAMED.fullmatch(headers["id"])[1]] = headers["stamps"]
        return seen.keys() >= STAMPS.keys()

    wait_for(everything)
    return seen


@pytest.fixture(scope="module")
def run(place):
    """Our worker alone."""
    place.start_rust_worker(place.queue)
    return Run(place, sent_by_python, CANVASES + BETTER)


@each(CANVASES + BETTER)
def test_celerys_client_and_our_worker(run, name):
    run.check(name)


def test_stamps_with_our_worker(place, run):
    assert stamps_seen(place) == {name: stamps for name, (_, stamps) in STAMPS.items()}
