"""Canvases on a queue that a Celery worker and one of ours share: each runs what it happens to receive."""

import pytest
from canvases import CANVASES
from test_canvas import comes_to, each, sent_by_python


@pytest.fixture(scope="module")
def shared(place):
    place.start_rust_worker(place.queue, concurrency=2, worker_prefetch_multiplier="1", chord_layout="celery")
    place.start_python_worker(place.queue, concurrency=2)
    return place


@each(CANVASES)
def test_both_workers_on_one_queue(shared, make, expected):
    comes_to(shared, sent_by_python(shared, make), expected)
