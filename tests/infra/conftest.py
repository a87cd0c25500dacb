"""Fixtures: the manifest under test, and a stack of it on ministack."""

import os
import uuid

import pytest

from generated import MANIFEST, manifest_named, with_universal
from stack import Stack


@pytest.fixture(scope="session")
def ministack() -> str:
    url = os.environ.get("CELERIAC_TEST_MINISTACK_URL")
    if not url:
        pytest.fail("CELERIAC_TEST_MINISTACK_URL is not set: run ./test, or start localstack/ministack PORT and set it")
    return url


@pytest.fixture(scope="module")
def stack(ministack: str):
    """The example's stack under names of its own: the emulator is shared with other tests."""
    manifest = manifest_named(with_universal(MANIFEST), f"infra{uuid.uuid4().hex[:8]}")
    with Stack(ministack, manifest) as created:
        yield created
