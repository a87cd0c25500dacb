"""Canvases on a queue that a Celery worker and one of ours share: each runs what it happens to receive."""

import pytest
from canvases import CANVASES
from test_canvas import Run, each, sent_by_python


@pytest.fixture(scope="module")
def run(place):
    place.start_rust_worker(place.queue, concurrency=2, worker_prefetch_multiplier="1", chord_layout="celery")
    place.start_python_worker(place.queue, concurrency=1)
    return Run(place, sent_by_python, CANVASES)


@each(CANVASES)
def test_both_workers_on_one_queue(run, name):
    run.check(name)
