"""Our worker as Lambda functions: what a worker process has for the tests, each function has too."""

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import tempfile
import zipfile
from pathlib import Path

from compare import wait_for
from emulator import Emulator, unique

# Below the queues' visibility timeout (60 s), as Lambda asks, and far above what a batch of the
# tests takes.
TIMEOUT_SECONDS = 30
MEMORY_MEGABYTES = 256


class Functions:
    """All of a session's functions: one package of the binary, and nothing left behind at the end."""

    def __init__(self, emulator: Emulator, binary: Path, folder: Path):
        self._emulator = emulator
        self._package = package(binary, folder)
        self._deployed: list[Function] = []

    def deploy(self, queues: tuple[str, ...], env: dict[str, str]) -> "Function":
        """A function that serves queues. It answers already when this returns."""
        function = Function(self._emulator, self._package, env)
        self._deployed.append(function)
        function.serve(queues)
        return function

    def close(self) -> None:
        for function in self._deployed:
            function.stop()
            function.end_environments()  # once more: for a batch that it had received already, ministack may have started one since
        port = self._emulator.url.rsplit(":", 1)[1]
        shutil.rmtree(Path(tempfile.gettempdir()) / f"ministack-provided-code-{port}", ignore_errors=True)


class Function:
    """One deployed function, in place of a worker process."""

    def __init__(self, emulator: Emulator, package: bytes, env: dict[str, str]):
        self.name = unique("rust")
        self._emulator = emulator
        self._mappings: list[str] = []
        self._deleted = False
        # Credentials are in the URLs: Lambda takes no AWS_ACCESS_KEY_ID in a function's
        # environment.
        emulator.functions.create_function(
            FunctionName=self.name,
            Runtime="provided.al2023",
            Handler="bootstrap",
            Role="arn:aws:iam::000000000000:role/interop",
            Code={"ZipFile": package},
            Timeout=TIMEOUT_SECONDS,
            MemorySize=MEMORY_MEGABYTES,
            Environment={"Variables": env},
        )

    def serve(self, queues: tuple[str, ...]) -> None:
        """Maps queues to it. A program that does not start fails here."""
        self._run_noop()
        for queue in queues:
            mapping = self._emulator.functions.create_event_source_mapping(
                FunctionName=self.name,
                EventSourceArn=self._emulator.queue_arn(queue),
                BatchSize=10,
                FunctionResponseTypes=["ReportBatchItemFailures"],
            )
            self._mappings.append(mapping["UUID"])

    def text(self) -> str:
        """What the function logged, in the order in which its invocations ended."""
        group = f"/aws/lambda/{self.name}"
        pages = self._emulator.logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        try:
            return "\n".join(event["message"] for page in pages for event in page["events"])
        except self._emulator.logs.exceptions.ResourceNotFoundException:
            return "(it was never invoked)"

    def tail(self) -> str:
        return "\n".join(line[:300] for line in self.text().splitlines()[-40:])

    def stop(self) -> None:
        """No further batch, then no function. Batches end before: messages of a killed one would be away for a minute."""
        if self._deleted:
            return
        functions = self._emulator.functions
        for mapping in self._mappings:
            functions.delete_event_source_mapping(UUID=mapping)
        try:
            if self._mappings:
                self._run_noop()  # takes as long as ministack needs to hand over what it has received already
                functions.put_function_concurrency(FunctionName=self.name, ReservedConcurrentExecutions=1)
                wait_for(self._is_idle, timeout=TIMEOUT_SECONDS + 10)
        finally:
            functions.delete_function(FunctionName=self.name)
            self._deleted = True
            self.end_environments()

    def _is_idle(self) -> bool:
        """Whether the only place that it has is free."""
        try:
            self._run_noop()
        except self._emulator.functions.exceptions.TooManyRequestsException:
            return False
        return True

    def _run_noop(self) -> None:
        """A task without a message."""
        answer = self._emulator.functions.invoke(FunctionName=self.name, Payload=json.dumps({"task": "w.noop"}))
        said = answer["Payload"].read().decode()
        assert "FunctionError" not in answer, f"{self.name} fails: {said}\n{self.tail()}"
        assert json.loads(said) is None

    def end_environments(self) -> None:
        """ministack may leave a `bootstrap` behind: it is told by the function's name, which is unique."""
        for pid in environments(self.name):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not environments(self.name))


def package(binary: Path, folder: Path) -> bytes:
    """The zip file of a function: the binary as `bootstrap`, without its debug information (a third of its size is left)."""
    bootstrap = folder / "bootstrap"
    subprocess.run(["strip", "-o", str(bootstrap), str(binary)], check=True, timeout=60)
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = 0o100755 << 16
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(entry, bootstrap.read_bytes())
    bootstrap.unlink()
    return content.getvalue()


def environments(function: str) -> list[int]:
    """The processes of a function on this machine. Where there is no /proc, ministack's own word is taken for it."""
    wanted = f"AWS_LAMBDA_FUNCTION_NAME={function}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
        except OSError:  # ended, or another user's
            pass
    return found
