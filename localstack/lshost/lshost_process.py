"""An execution environment of a function: its `bootstrap` as a child process, one invocation at a time."""

import json
import os
import subprocess
import threading
import time
from concurrent.futures import Future
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue

from localstack.services.lambda_.invocation.executor_endpoint import StatusErrorException
from localstack.services.lambda_.invocation.lambda_models import InvocationResult
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

# Lambda's own.
INIT_TIMEOUT = 10


class RuntimeApi:
    """Lambda's Runtime API, as far as a bootstrap needs it (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html)."""

    def __init__(self):
        self.ready = Future()
        self.answer = Future()
        self.invocations = Queue()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self.invocations.put(None)
        self._server.shutdown()
        self._server.server_close()


def _handler_of(api: RuntimeApi):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            """Not to standard error."""

        def do_GET(self):
            _settle(api.ready, True)
            invocation = api.invocations.get()
            if invocation is None:  # the process is gone
                self.close_connection = True
                return
            headers = {
                "Lambda-Runtime-Aws-Request-Id": invocation["invoke-id"],
                "Lambda-Runtime-Deadline-Ms": str(invocation["deadline"]),
                "Lambda-Runtime-Invoked-Function-Arn": invocation["invoked-function-arn"],
                "Lambda-Runtime-Trace-Id": invocation.get("trace-id") or "",
            }
            self._respond(200, invocation["payload"].encode(), headers)

        def do_POST(self):
            body = self._body()
            *_, request, what = self.path.split("/")
            if request == "init":
                _fail(api.ready, body)
            else:
                _settle(api.answer, InvocationResult(request, body, is_error=what == "error", logs=""))
            self._respond(202)

        def _body(self) -> bytes:
            if "chunked" not in self.headers.get("Transfer-Encoding", ""):
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def _respond(self, status: int, body: bytes = b"{}", headers: dict | None = None):
            self.send_response(status)
            for name, value in {**(headers or {}), "Content-Type": "application/json", "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    return Handler


class ProcessExecutor(RuntimeExecutor):
    """LocalStack makes one for each invocation that runs at the same time, and keeps it warm."""

    def start(self, env_vars):
        self._variables = env_vars
        self._output = []
        self._start()

    def _start(self) -> None:
        """A new process, with an API of its own: a late answer of an old one goes nowhere."""
        self._api = api = RuntimeApi()
        folder = str(self.function_version.config.code.get_unzipped_code_location())
        variables = {name: str(value) for name, value in self._variables.items()}
        variables |= {"AWS_LAMBDA_RUNTIME_API": api.address, "LAMBDA_TASK_ROOT": folder, "PATH": os.environ["PATH"]}
        # In LocalStack's own process group, so that whoever ends that ends functions too.
        self._process = process = subprocess.Popen(
            [os.path.join(folder, "bootstrap")],
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        threading.Thread(target=self._watch, args=(process, api), daemon=True).start()
        api.ready.result(INIT_TIMEOUT)

    def _watch(self, process: subprocess.Popen, api: RuntimeApi) -> None:
        for line in process.stdout:
            self._output.append(line.decode(errors="replace"))
        error = _error("Runtime.ExitError", f"Runtime exited with error: exit status {process.wait()}")
        _fail(api.ready, error)
        _settle(api.answer, InvocationResult("", error, is_error=True, logs=""))

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._api.close()

    def stop(self):
        self._end()

    def invoke(self, payload):
        request, timeout = payload["invoke-id"], int(self.function_version.config.timeout)
        if self._process.poll() is not None:
            self._end()
            self._start()
        begun, printed = time.time(), len(self._output)
        self._api.answer = Future()
        self._api.invocations.put({**payload, "deadline": int((begun + timeout) * 1000)})
        try:
            result = self._api.answer.result(timeout)
        except TimeoutError:
            self._end()
            error = _error("Sandbox.Timedout", f"RequestId: {request} Error: Task timed out after {timeout}.00 seconds")
            result = InvocationResult(request, error, is_error=True, logs="")
        time.sleep(0.005)  # for what it has printed to arrive
        result.request_id = request
        result.logs = "".join(
            [
                f"START RequestId: {request} Version: $LATEST\n",
                *self._output[printed:],
                f"END RequestId: {request}\n",
                f"REPORT RequestId: {request}\tDuration: {(time.time() - begun) * 1000:.2f} ms\n",
            ]
        )
        return result

    def get_logs(self):
        return "".join(self._output)

    # Nobody calls back over the network.
    def get_address(self):
        return "127.0.0.1"

    def get_endpoint_from_executor(self):
        return "127.0.0.1"

    def get_runtime_endpoint(self):
        return "http://127.0.0.1:0"

    @classmethod
    def prepare_version(cls, function_version):
        if function_version.config.code:
            function_version.config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version):
        """The code is LocalStack's to remove."""


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


def _settle(future: Future, value) -> None:
    if not future.done():
        future.set_result(value)


def _fail(future: Future, error: bytes) -> None:
    if not future.done():
        future.set_exception(StatusErrorException("error", payload=error))
