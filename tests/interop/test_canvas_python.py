"""Canvases that a real Celery worker runs: sent by Celery's client, which says what is right, and by ours."""

import pytest
from canvases import CANVASES, STAMPS
from test_canvas import Run, each, sent_by_ours, sent_by_python, stamps_seen

pytestmark = pytest.mark.worker_is_python


@pytest.fixture(scope="module")
def python(place):
    """Celery's worker alone, and our client.

    It has one thread: whether a task may join results is one flag of the whole process, and chords' ends flip it.
    """
    place.start_python_worker(place.queue, concurrency=1)
    place.client = place.start_client()
    yield place
    assert place.client.close() == 0


@pytest.fixture(scope="module")
def celerys(python):
    return Run(python, sent_by_python, CANVASES)


@pytest.fixture(scope="module")
def ours(python):
    return Run(python, sent_by_ours, CANVASES)


@each(CANVASES)
def test_celerys_client_and_worker(celerys, name):
    celerys.check(name)


@each(CANVASES)
def test_our_client_and_celerys_worker(ours, name):
    ours.check(name)


def test_stamps_with_celerys_worker(python):
    assert stamps_seen(python) == {name: stamps for name, (_, stamps) in STAMPS.items()}
