"""Canvases that a real Celery worker runs: sent by Celery's client, which says what is right, and by ours."""

import pytest
from canvases import CANVASES
from test_canvas import comes_to, each, sent_by_python

pytestmark = pytest.mark.worker_is_python


@pytest.fixture(scope="module")
def python(place):
    """Celery's worker alone, and our client."""
    place.start_python_worker(place.queue, concurrency=8)
    place.client = place.start_client()
    yield place
    assert place.client.close() == 0


@each(CANVASES)
def test_celerys_client_and_worker(python, make, expected):
    comes_to(python, sent_by_python(python, make), expected)


@each(CANVASES)
def test_our_client_and_celerys_worker(python, make, expected):
    python.python.set_current()
    [task_id] = python.client.canvas(make())
    comes_to(python, task_id, expected)
