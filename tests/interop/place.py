"""A place of its own for a test module: queues, a table, and the workers that serve them."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import celery_app
from emulator import REGION, Emulator, unique
from function import Function, Functions
from process import Process, clean_environment
from rust_client import RustClient

HERE = Path(__file__).parent
# `INTEROP_PEER=python` puts a Python worker in place of ours: it proves that the tests ask for
# Celery's own behaviour.
PEER_IS_PYTHON = os.environ.get("INTEROP_PEER") == "python"
BINARIES = Path(os.environ.get("CELERIAC_TEST_BIN_DIR", HERE.parent.parent / "target" / "debug"))
CREDENTIALS = {"AWS_DEFAULT_REGION": REGION, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


class Place:
    """Unique queues and a unique table in an emulator. Workers are started when first asked for and ended by `close`.

    With `functions`, a worker of ours is not a process but a Lambda function.
    """

    def __init__(self, emulator: Emulator, folder: Path, functions: Functions | None = None):
        self.emulator = emulator
        self.functions = functions
        self.folder = folder
        self.table = unique("results")
        self.queues: list[str] = []
        self.workers: list[Process | Function] = []
        self.queue = unique("main")
        self.create_queue(self.queue)
        self.python = celery_app.make_app(**self.python_conf())

    # ---- settings of both sides

    def python_conf(self, **conf) -> dict:
        host = self.emulator.host
        return {
            "broker_url": f"sqs://test:test@{host}",
            "broker_transport_options": {
                "region": REGION,
                "is_secure": False,
                "wait_time_seconds": 1,
                "polling_interval": 0.05,
                "visibility_timeout": 60,
            },
            "result_backend": f"dynamodb://test:test@{host}/{self.table}",
            "task_default_queue": self.queue,
            **conf,
        }

    def rust_env(self, **settings: str) -> dict[str, str]:
        host = self.emulator.host
        conf = {
            "broker_url": f"sqs://test:test@{host}",
            "result_backend": f"dynamodb://test:test@{host}/{self.table}",
            "task_default_queue": self.queue,
            # A worker ends when its open polls have; shorter ones make for shorter tests.
            "broker_transport_options__wait_time_seconds": "2",
            **settings,
        }
        return {f"CELERIAC_{name.upper()}": value for name, value in conf.items()} | {"NO_COLOR": "1"}

    # ---- queues and files

    def new_queue(self, name: str) -> str:
        """One more queue."""
        queue = unique(name)
        self.create_queue(queue)
        return queue

    def create_queue(self, queue: str) -> None:
        """Creates a queue with its dead-letter queue, and the table, by the operators' command."""
        self.queues.append(queue)
        command = [str(BINARIES / "celeriac"), "queues", "create", queue, "--table"]
        env = {**clean_environment(), **CREDENTIALS, **self.rust_env()}
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"

    def effects(self) -> "Effects":
        return Effects(self.folder / unique("effects"))

    # ---- workers

    def start_rust_worker(self, *queues: str, concurrency: int = 20, **settings: str) -> Process | Function:
        listened = queues or (self.queue,)
        if PEER_IS_PYTHON:
            return self.start_python_worker(*listened)
        if self.functions:
            function = self.functions.deploy(listened, self.rust_env(worker_concurrency=str(concurrency), **settings))
            self.workers.append(function)
            return function
        worker = self._start(
            "rust",
            [str(BINARIES / "interop-worker"), "worker", "-Q", ",".join(listened), "--concurrency", str(concurrency)],
            self.rust_env(**settings),
        )
        worker.wait_for_log(" consuming from ")
        return worker

    def start_python_worker(self, *queues: str, pool: str = "threads", concurrency: int = 20, **conf) -> Process:
        # Not prefork: its children may share one DynamoDB connection across the fork, and then a
        # task fails now and then.
        listened = queues or (self.queue,)
        name = unique("python")
        command = [sys.executable, "-W", "ignore", "-m", "celery", "-A", "celery_app", "worker", "-P", pool]
        command += ["-c", str(concurrency), "-l", "INFO", "-Q", ",".join(listened), "-n", f"{name}@host"]
        worker = self._start(name, command, {"INTEROP_CONF": json.dumps(self.python_conf(**conf))})
        worker.wait_for_log(" ready.")
        return worker

    def start_client(self, **settings: str) -> RustClient:
        return RustClient(BINARIES / "interop-client", {**CREDENTIALS, **self.rust_env(**settings)})

    def _start(self, name: str, command: list[str], env: dict[str, str]) -> Process:
        log = self.folder / f"{unique(name)}.log"
        process = Process(name, command, log, {**CREDENTIALS, **env}, cwd=HERE)
        self.workers.append(process)
        return process

    # ---- what is left

    def wait_until_empty(self, timeout: float = 30) -> None:
        """Every queue has no message left: nothing waits, is held, or is delayed."""
        deadline = time.monotonic() + timeout
        while left := {queue: n for queue in self.queues if (n := self.emulator.count(queue))}:
            assert time.monotonic() < deadline, f"messages left: {left}"
            time.sleep(0.1)

    def logs(self) -> str:
        return "\n".join(f"---- {worker.name}\n{worker.tail()}" for worker in self.workers)

    def close(self) -> None:
        for worker in self.workers:
            worker.stop()
        self.python.close()


class Effects:
    """A file to which each run of a task appends a line: the count of what really happened."""

    def __init__(self, path: Path):
        self.path = path
        path.touch()

    def __str__(self) -> str:
        return str(self.path)

    def lines(self) -> list[list[str]]:
        return [line.split() for line in self.path.read_text().splitlines()]

    def ids(self) -> list[str]:
        return [line[0] for line in self.lines()]
