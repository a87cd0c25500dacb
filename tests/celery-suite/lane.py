"""Runs Celery's own integration suite (`t/integration` of its source distribution) against our worker, on SQS and DynamoDB of ministack.

    lane.py [--shards N] [pytest arguments]

Every test of passes.txt must pass; the others are run, too, and tests/celery-suite/README.md says why they do not pass.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SUITE = ROOT / ".celery-suite"
BINARIES = Path(os.environ.get("CELERIAC_TEST_BIN_DIR", ROOT / "target" / "debug"))
RUNS = ROOT / "target" / "celery-suite"
FILES = ["test_canvas.py", "test_tasks.py", "test_serialization.py"]
QUEUE, TABLE = "celery", "celery-results"
# of one test, in seconds; the longest that passes waits for 150 by itself
LIMIT = 300
OUTCOMES = ["passed", "skipped", "failed"]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port: int) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5)
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"ministack does not answer on port {port}")


# All that runs, to be ended with this program.
PROCESSES: list[subprocess.Popen] = []


def end_all(*_) -> None:
    for process in reversed(PROCESSES):
        process.terminate()
    os._exit(1)


class Shard:
    """A part of the tests, with an emulator, a worker and a scratch pad of its own."""

    def __init__(self, index: int, count: int, redis: str | None, arguments: list[str]):
        self.index, self.count, self.redis, self.arguments = index, count, redis, arguments
        self.folder = RUNS / str(index)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.processes: list[subprocess.Popen] = []

    def start(self, name: str, command: list[str], **env: str) -> None:
        with open(self.folder / f"{name}.log", "wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **env}, cwd=self.folder)
        self.processes.append(process)
        PROCESSES.append(process)

    def run(self) -> dict[str, str]:
        try:
            return self._run()
        finally:
            for process in reversed(self.processes):
                process.terminate()
                process.wait(30)

    def _run(self) -> dict[str, str]:
        port, redis_port = free_port(), free_port()
        url = f"http://localhost:{port}"
        credentials = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        env = {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": str(redis_port),
        }
        self.start("ministack", [str(ROOT / "localstack" / "ministack"), str(port)])
        if self.redis:
            self.start("redis", [self.redis, "--bind", "127.0.0.1", "--port", str(redis_port), "--save", ""])
        wait_for(port)
        boto3.client("sqs", endpoint_url=url, **credentials).create_queue(QueueName=QUEUE)
        boto3.client("dynamodb", endpoint_url=url, **credentials).create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )
        # one at a time, as some tests fill the worker up
        self.start(
            "worker",
            [str(BINARIES / "celery-suite-worker"), "worker", "-Q", QUEUE, "--concurrency", "1"],
            AWS_ENDPOINT_URL=url,
            CELERIAC_BROKER_URL="sqs://",
            CELERIAC_RESULT_BACKEND=f"dynamodb:///{TABLE}",
            CELERIAC_RESULT_EXTENDED="true",
            CELERIAC_BROKER_TRANSPORT_OPTIONS='{"visibility_timeout": 30}',
            **env,
        )
        return self.tests(url, env)

    def tests(self, url: str, env: dict[str, str]) -> dict[str, str]:
        host, report = url.removeprefix("http://"), self.folder / "report.jsonl"
        env = {
            **env,
            "TEST_BROKER": f"sqs://test:test@{host}",
            "TEST_BACKEND": f"dynamodb://test:test@{host}/{TABLE}",
            "SUITE_SHARD": f"{self.index}/{self.count}",
            "SUITE_REPORT": str(report),
            "PYTHONPATH": f"{SUITE}:{HERE}",
            # a test starts `python`
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONWARNINGS": "ignore",
            **({} if self.redis else {"SUITE_NO_REDIS": "1"}),
        }
        plugins = ["-p", "celery.contrib.pytest", "-p", "suite_plugin", "-p", "no:cacheprovider", "-o", "python_classes=test_*"]
        limits = [f"--timeout={LIMIT}", "--timeout-method=signal"]
        files = [f"t/integration/{file}" for file in FILES]
        command = [sys.executable, "-m", "pytest", *plugins, *limits, "-v", "-rA", "--tb=short", *files, *self.arguments]
        with open(self.folder / "pytest.log", "wb") as log:
            tests = subprocess.Popen(command, cwd=SUITE, env={**os.environ, **env}, stdout=log, stderr=log)
        PROCESSES.append(tests)
        tests.wait()
        lines = report.read_text().splitlines() if report.exists() else []
        if not lines:
            print((self.folder / "pytest.log").read_text()[-4000:])
            raise SystemExit(f"shard {self.index} ran no test")
        ended: dict[str, str] = {}
        for line in map(json.loads, lines):
            # the worst of a test and its subtests
            ended[line["test"]] = max(ended.get(line["test"], "passed"), line["outcome"], key=OUTCOMES.index)
        return ended


def main() -> int:
    signal.signal(signal.SIGTERM, end_all)
    arguments = sys.argv[1:]
    count = int(arguments.pop(arguments.index("--shards") + 1)) if "--shards" in arguments else 4
    arguments = [argument for argument in arguments if argument != "--shards"]
    redis = shutil.which("redis-server")
    if not redis:
        print("skipped: the tests of Celery's suite that look into Redis, because there is no redis-server (apt-get install redis-server)")
    config = {"broker_transport_options": {"region": "us-east-1", "is_secure": False, "wait_time_seconds": 2, "polling_interval": 0}}
    (SUITE / "integration-tests-config.json").write_text(json.dumps(config))
    began = time.monotonic()
    with ThreadPoolExecutor(count) as shards:
        ends = list(shards.map(lambda index: Shard(index, count, redis, arguments).run(), range(count)))
    ended = {test: outcome for shard in ends for test, outcome in shard.items()}
    expected = set((HERE / "passes.txt").read_text().split("\n")) - {""}
    if arguments:
        expected &= ended.keys()
    good = ["passed"] if redis else ["passed", "skipped"]
    broken = sorted(test for test in expected if ended.get(test) not in good)
    passed = [test for test, outcome in ended.items() if outcome == "passed"]
    for test in sorted(set(passed) - expected):
        print(f"passes, too: {test}")
    for test in broken:
        print(f"FAILED {test}")
    print(f"== celeriac passes {len(passed)} of Celery's {len(ended)} integration tests in {time.monotonic() - began:.1f}s ==")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
