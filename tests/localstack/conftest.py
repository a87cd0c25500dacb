"""Fixtures: the lanes, and an app in one of them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from local_app import LocalApp


def pytest_generate_tests(metafunc):
    """Every test runs on ministack; those marked `short` on LocalStack too, where it is there."""
    if "lane" in metafunc.fixturenames:
        lanes = ["ministack"]
        if os.environ.get("CELERIAC_TEST_LOCALSTACK_URL") and metafunc.definition.get_closest_marker("short"):
            lanes.append("localstack")
        metafunc.parametrize("lane", lanes, scope="module")


def pytest_terminal_summary(terminalreporter):
    if not os.environ.get("CELERIAC_TEST_LOCALSTACK_URL"):
        reason = (
            os.environ.get("CELERIAC_TEST_LOCALSTACK_SKIPPED")
            or "the LocalStack lane, because CELERIAC_TEST_LOCALSTACK_URL is not set"
        )
        terminalreporter.write_line(f"skipped: {reason}")


def pytest_sessionfinish(session, exitstatus):
    """`./test -k NAME` may name a test of another folder."""
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and session.config.option.keyword:
        session.exitstatus = pytest.ExitCode.OK


@pytest.fixture(scope="session")
def ministack() -> str:
    return _given(
        "CELERIAC_TEST_MINISTACK_URL", "run ./test, or start localstack/ministack PORT and set it to http://127.0.0.1:PORT"
    )


@pytest.fixture(scope="session")
def shop(tmp_path_factory) -> Path:
    """The example's program, stripped once for all tests where that can be done."""
    folder = _given("CELERIAC_TEST_BIN_DIR", "run ./test, or cargo build --workspace --bins and set it to target/debug")
    built, stripped = Path(folder) / "shop", tmp_path_factory.mktemp("bin") / "shop"
    if shutil.which("strip") and subprocess.run(["strip", "-o", stripped, built], check=False).returncode == 0:
        return stripped
    return built


@pytest.fixture(scope="module")
def url(lane, ministack) -> str:
    return ministack if lane == "ministack" else os.environ["CELERIAC_TEST_LOCALSTACK_URL"]


@pytest.fixture
def app(url, shop, tmp_path):
    """The example's app under names of its own: the emulator is shared with other tests."""
    with LocalApp(url, shop, tmp_path) as app:
        yield app


def _given(name: str, hint: str) -> str:
    return os.environ.get(name) or pytest.fail(f"{name} is not set: {hint}", pytrace=False)
