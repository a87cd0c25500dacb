"""Canvases across the language line: Celery's client and our workers, our client and Celery's workers, both workers on one queue."""

import pytest
from canvases import BETTER, CANVASES
from celery.exceptions import ChordError

EXCEPTIONS = {"ValueError": ValueError, "ChordError": ChordError}
GET = {"timeout": 60, "interval": 0.05}


def each(table):
    """A test for each canvas."""
    return pytest.mark.parametrize("make, expected", [pytest.param(make, end, id=name) for name, make, end in table])


def comes_to(place, task_id: str, expected) -> None:
    """By the id alone: with its parents, Python raises the first error among them."""
    result = place.python.AsyncResult(task_id)
    if isinstance(expected, str):
        with pytest.raises(EXCEPTIONS[expected]):
            result.get(**GET)
        assert result.state == "FAILURE"
    else:
        assert result.get(**GET) == expected


def sent_by_python(place, make) -> str:
    place.python.set_current()
    return make().apply_async().id


@pytest.fixture(scope="module")
def rust(place):
    """Our worker alone."""
    place.start_rust_worker(place.queue)
    return place


@each(CANVASES + BETTER)
def test_celerys_client_and_our_worker(rust, make, expected):
    comes_to(rust, sent_by_python(rust, make), expected)
