"""Our client, driven by lines of JSON: `interop-client` reads a request and prints an answer, one line each."""

import json
import subprocess
from pathlib import Path

from kombu.utils import json as typed_json
from process import clean_environment


class RustError(Exception):
    """What our client returned as an error: `AsyncResult::get` of a failed task, for instance."""

    def __init__(self, answer: dict):
        super().__init__(answer["error"])
        self.exc_type: str | None = answer.get("exc_type")
        self.exc_module: str | None = answer.get("exc_module")
        self.message: str | None = answer.get("message")
        self.traceback: str | None = answer.get("traceback")


class RustClient:
    """One process of our client. Values travel in Celery's typed JSON, so every type is told apart."""

    def __init__(self, binary: Path, env: dict[str, str]):
        self._process = subprocess.Popen(
            [str(binary)], env={**clean_environment(), **env}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def _ask(self, **request):
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"interop-client ended with {self._process.wait(10)} during {request['op']}"
        answer = json.loads(line)
        if "error" in answer:
            raise RustError(answer)
        return answer

    def _value(self, **request):
        """The answer's value: the `result` of a result's text."""
        return typed_json.loads(self._ask(**request)["value"])["result"]

    def send(self, task: str, args=(), kwargs=None, **options) -> str:
        [task_id] = self.send_all([(task, args, kwargs or {}, options)])
        return task_id

    def send_all(self, calls) -> list[str]:
        """Sends `(task, args, kwargs, options)` calls in bulk and returns their ids, in order."""
        return self._ask(
            op="send",
            calls=[
                {"task": task, "payload": typed_json.dumps([args, kwargs, {}]), "options": options}
                for task, args, kwargs, options in calls
            ],
        )["ids"]

    def canvas(self, signature) -> list[str]:
        """Sends a canvas and returns the ids of the tasks that end it."""
        return self._ask(op="canvas", signature=typed_json.dumps(signature))["ids"]

    def get(self, task_id: str, timeout: float = 30):
        return self._value(op="get", id=task_id, timeout=timeout)

    def join(self, task_ids: list[str], timeout: float = 60) -> list:
        return self._value(op="join", ids=task_ids, timeout=timeout)

    def state(self, task_id: str) -> str:
        return self._ask(op="state", id=task_id)["state"]

    def info(self, task_id: str):
        return self._value(op="info", id=task_id)

    def forget(self, task_id: str) -> None:
        self._ask(op="forget", id=task_id)

    def close(self) -> int:
        """Ends the client by the end of its input, so that `close()` is awaited."""
        self._process.stdin.close()
        return self._process.wait(30)
