"""Fixtures: the lanes, a place in one of them, and what each side needs there."""

import os

import pytest
from emulator import Emulator, start_ministack
from function import Functions
from place import BINARIES, PEER_IS_PYTHON, Place


def pytest_generate_tests(metafunc):
    """Every test runs on ministack, with a worker and, where ours takes part, with a Lambda function in its place, except for those
    that wait for a clock or kill a process. Those marked `short` run on LocalStack too, where it is there."""
    if "lane" in metafunc.fixturenames:
        lanes = ["ministack"]
        marks = {mark.name for mark in metafunc.definition.iter_markers()}
        if not PEER_IS_PYTHON and not marks & {"worker_is_python", "clock", "process"}:
            lanes.append("ministack-lambda")
        if os.environ.get("CELERIAC_TEST_LOCALSTACK_URL") and "short" in marks:
            lanes.append("localstack")
        metafunc.parametrize("lane", lanes, scope="module")


def pytest_terminal_summary(terminalreporter):
    if not os.environ.get("CELERIAC_TEST_LOCALSTACK_URL"):
        reason = os.environ.get("CELERIAC_TEST_LOCALSTACK_SKIPPED") or "the LocalStack lane, because CELERIAC_TEST_LOCALSTACK_URL is not set"
        terminalreporter.write_line(f"skipped: {reason}")


def pytest_sessionfinish(session, exitstatus):
    """`./test -k NAME` may name a test of the other language."""
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and session.config.option.keyword:
        session.exitstatus = pytest.ExitCode.OK


@pytest.fixture(scope="session")
def ministack():
    if url := os.environ.get("CELERIAC_TEST_MINISTACK_URL"):
        yield Emulator("ministack", url)
        return
    emulator, process = start_ministack()
    yield emulator
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="session")
def all_functions(ministack, tmp_path_factory):
    functions = Functions(ministack, BINARIES / "interop-worker", tmp_path_factory.mktemp("package"))
    yield functions
    functions.close()


@pytest.fixture(scope="module")
def functions(lane, request):
    """Where ours is a function: what deploys it."""
    return request.getfixturevalue("all_functions") if lane == "ministack-lambda" else None


@pytest.fixture(scope="module")
def emulator(lane, ministack):
    return Emulator("localstack", os.environ["CELERIAC_TEST_LOCALSTACK_URL"]) if lane == "localstack" else ministack


@pytest.fixture(scope="module")
def place(emulator, functions, tmp_path_factory):
    place = Place(emulator, tmp_path_factory.mktemp("place"), functions)
    yield place
    place.close()


@pytest.fixture
def fresh_place(emulator, functions, tmp_path):
    """For tests whose workers must be theirs alone."""
    place = Place(emulator, tmp_path, functions)
    yield place
    place.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the ends of the workers' logs."""
    report = yield
    if report.failed and call.when == "call":
        for name in ("place", "fresh_place"):
            if place := item.funcargs.get(name):
                report.sections.append((f"workers of {name}", place.logs()))
    return report
