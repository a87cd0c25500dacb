"""Versions of Celery, whose forms of canvases differ: our worker runs what their clients write, and their workers what ours
writes. Anyone's results are read by everyone.
"""

import base64

import pytest
import version_client
from celery_version import VERSIONS, CeleryVersion
from place import Place
from rust_client import RustClient, RustError
from version_canvases import CANVASES, EMPTY_GROUP, EMPTY_GROUP_BEFORE_5_7, FAILED_MEMBER_BEFORE_MORE, FAILED_MEMBERS, build

# Each version's own rule is wanted; 5.7 announces another.
pytestmark = pytest.mark.filterwarnings("ignore:task_allow_error_cb_on_chord_header")


@pytest.fixture(scope="module")
def place(ministack, tmp_path_factory):
    """With workers that are processes: forms are read alike in a Lambda function."""
    place = Place(ministack, tmp_path_factory.mktemp("place"))
    yield place
    place.close()


@pytest.fixture(scope="module")
def our_worker(place):
    place.start_rust_worker(place.queue)


@pytest.fixture(params=VERSIONS)
def version(request):
    return CeleryVersion(request.param)


def ends_of(rows) -> dict[str, list]:
    return {name: ends for name, _, ends in rows}


def wrong(ends: dict[str, list], expected: dict[str, list]) -> dict[str, tuple]:
    """What came out otherwise, and what was expected."""
    return {name: (ends[name], expected[name]) for name in expected if ends[name] != expected[name]}


def read_by_ours(client: RustClient, ids: dict[str, list[str]]) -> dict[str, list]:
    return {name: [end_by_ours(client, task_id) for task_id in task_ids] for name, task_ids in ids.items()}


def end_by_ours(client: RustClient, task_id: str):
    try:
        return client.get(task_id)
    except RustError as error:
        return error.exc_type


@pytest.mark.usefixtures("our_worker")
def test_our_worker_runs_what_its_client_writes(place, version):
    expected = ends_of(CANVASES + EMPTY_GROUP + FAILED_MEMBERS + FAILED_MEMBER_BEFORE_MORE)
    if not version.writes_flat_chains:
        expected |= EMPTY_GROUP_BEFORE_5_7
    ids = version.send(place, place.queue, list(expected))
    assert wrong(version.read(place, ids), expected) == {}
    assert wrong(version_client.read(place.python, ids), expected) == {}


def test_its_worker_runs_what_our_client_writes(place, version):
    expected = ends_of(CANVASES + EMPTY_GROUP + FAILED_MEMBERS)
    queue = place.new_queue("version")
    layout = {} if version.counts_members else {"chord_layout": "unlock"}
    client = place.start_client(task_default_queue=queue, **layout)
    worker = version.start_worker(place, queue)
    ids = {name: sent_by_ours(place, client, name) for name in expected}
    assert wrong(version.read(place, ids), expected) == {}
    assert wrong(read_by_ours(client, ids), expected) == {}
    assert client.close() == 0
    worker.stop()


def sent_by_ours(place, client: RustClient, name: str) -> list[str]:
    place.python.set_current()
    canvas, watched = build(name)
    return client.canvas(canvas) + watched


def test_a_chain_of_chords_is_as_small_as_the_latest_celery_writes_it(place):
    name = "five chords in a chain"
    sizes = {}
    for series in VERSIONS:
        queue = place.new_queue("size")
        CeleryVersion(series).send(place, queue, [name])
        sizes[series] = taken_size(place, queue)
    queue = place.new_queue("size")
    client = place.start_client(task_default_queue=queue)
    sent_by_ours(place, client, name)
    assert client.close() == 0
    ours = taken_size(place, queue)
    print(f"bytes of {name}: {sizes}, ours {ours}")
    *before, latest = sizes.values()
    assert min(before) > 400_000
    assert latest < 15_000
    assert ours <= latest * 1.03


def taken_size(place, queue: str) -> int:
    """Takes the messages of a queue that nobody serves, and sums what they hold."""
    url = place.emulator.queue_url(queue)
    size = 0
    while place.emulator.count(queue):
        for message in place.emulator.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            size += len(base64.b64decode(message["Body"]))
            place.emulator.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return size
