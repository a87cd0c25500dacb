"""Whether schedules do on an emulator what they do on AWS."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterable

from celeriac_infra.manifest import Schedule

from .endpoint import Endpoint

ANSWER_TIMEOUT = 30


def notes(schedules: Iterable[Schedule], endpoint: Endpoint) -> list[str]:
    """A line that names the enabled schedules if the emulator does not fire them, as LocalStack does not."""
    names = [schedule.name for schedule in schedules if schedule.enabled]
    if not names or _is_ministack(endpoint):
        return []
    return [f"this emulator fires no schedules; stored only: {', '.join(names)}"]


def _is_ministack(endpoint: Endpoint) -> bool:
    try:
        with urllib.request.urlopen(f"{endpoint.url}/_ministack/health", timeout=ANSWER_TIMEOUT):
            return True
    except (urllib.error.URLError, TimeoutError):
        return False
