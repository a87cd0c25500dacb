"""An app's periodic tasks: entries in its environment, its own commands, and its group in EventBridge Scheduler."""

import json
import subprocess
from datetime import datetime, timedelta, timezone

from emulator import unique
from place import BINARIES, CREDENTIALS, Place
from process import Process, clean_environment

PROGRAM = BINARIES / "interop-worker"


def ahead(seconds: int) -> str:
    """A whole second from now on, as entries and ids have it."""
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Beat:
    """Entries in Celery's shape, sent to the queues of a place; its group is nobody else's."""

    def __init__(self, place: Place, entries: dict):
        self.place = place
        self.entries = entries
        self.group = unique("beat")

    def run(self, *command: str, code: int = 0) -> str:
        """`PROGRAM schedules COMMAND`, which is to exit with `code`."""
        whole = [str(PROGRAM), "schedules", *command]
        env = {**clean_environment(), **self._env()}
        done = subprocess.run(whole, env=env, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == code, f"{' '.join(whole)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def json(self, *command: str, code: int = 0):
        return json.loads(self.run(*command, "--json", code=code))

    def start(self) -> Process:
        """The process that sends, instead of EventBridge Scheduler."""
        beat = Process("beat", [str(PROGRAM), "beat"], self.place.folder / f"{unique('beat')}.log", self._env())
        self.place.workers.append(beat)
        return beat

    def there(self) -> dict[str, dict]:
        """What the group has, in full, by its name without the digest: the entry's, unless an entry has several."""
        scheduler = self.place.emulator.scheduler
        pages = scheduler.get_paginator("list_schedules").paginate(GroupName=self.group)
        names = [schedule["Name"] for page in pages for schedule in page["Schedules"]]
        return {name.rsplit("-", 1)[0]: scheduler.get_schedule(GroupName=self.group, Name=name) for name in names}

    def close(self) -> None:
        scheduler = self.place.emulator.scheduler
        try:
            scheduler.delete_schedule_group(Name=self.group)
        except scheduler.exceptions.ResourceNotFoundException:
            pass  # never applied

    def _env(self) -> dict[str, str]:
        settings = {"beat_schedule": json.dumps(self.entries), "beat_schedule_group": self.group}
        return {**CREDENTIALS, "AWS_ENDPOINT_URL": self.place.emulator.url, **self.place.rust_env(**settings)}
