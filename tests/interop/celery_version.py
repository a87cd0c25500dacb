"""One of several versions of Celery, side by side: its client and its worker."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from emulator import unique
from place import CREDENTIALS, HERE, Place
from process import Process, clean_environment

# Where tests/install puts them; what else they need, and 5.7, is in this Python's own environment.
FOLDER = Path(__file__).parents[2] / ".celery-versions"
VERSIONS = ["5.3", "5.4", "5.5", "5.6", "5.7"]


@dataclass(frozen=True)
class CeleryVersion:
    """`series` is its first two numbers."""

    series: str

    def __str__(self) -> str:
        return self.series

    @property
    def counts_members(self) -> bool:
        """Whether a chord's members are counted in DynamoDB. Otherwise a task asks each second whether all have ended."""
        return self.series != "5.3"

    @property
    def writes_flat_chains(self) -> bool:
        """Whether a chord in a chain is a step like others. Otherwise the steps after it are in its body."""
        return self.series == "5.7"

    # ---- its client

    def send(self, place: Place, queue: str, names: list[str]) -> dict[str, list[str]]:
        return self._client("send", names, place, task_default_queue=queue)

    def read(self, place: Place, ids: dict[str, list[str]]) -> dict[str, list]:
        return self._client("read", ids, place)

    def _client(self, command: str, asked, place: Place, **conf):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "version_client.py", command],
            input=json.dumps(asked),
            env={**clean_environment(), **self._env("INTEROP_CLIENT_CONF", place, **conf)},
            cwd=HERE,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"Celery {self}'s client: {done.stderr[-4000:]}"
        answer = json.loads(done.stdout)
        assert answer["version"].startswith(f"{self}."), f"Celery {answer['version']} is in the place of {self}"
        return answer["answer"]

    # ---- its worker

    def start_worker(self, place: Place, queue: str) -> Process:
        name = unique("python")
        # Of one thread: in others, Celery may take a join of results for one within a task, and refuse it.
        command = [sys.executable, "-W", "ignore", "-m", "celery", "-A", "celery_app", "worker", "-P", "solo"]
        command += ["-l", "INFO", "-Q", queue, "-n", f"{name}@host"]
        env = self._env("INTEROP_CONF", place, task_default_queue=queue)
        worker = Process(f"{name} of Celery {self}", command, place.folder / f"{name}.log", env, cwd=HERE)
        place.workers.append(worker)
        worker.wait_for_log(f" v{self}.")
        worker.wait_for_log(" ready.")
        return worker

    # ---- both

    def _env(self, conf_name: str, place: Place, **conf) -> dict[str, str]:
        conf = place.python_conf(**conf)
        # Celery before 5.5 takes any other host for the name of a region.
        conf["result_backend"] = conf["result_backend"].replace("127.0.0.1", "localhost")
        return {**CREDENTIALS, conf_name: json.dumps(conf), "PYTHONPATH": str(FOLDER / self.series)}
