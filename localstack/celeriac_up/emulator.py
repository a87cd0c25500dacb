"""The emulator: started here, or found where it runs."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from .error import UpError

HERE = Path(__file__).resolve().parents[1]
START_TIMEOUT, ANSWER_TIMEOUT, STOP_TIMEOUT = 60, 30, 10
INSTALL = "run ./test once, which installs the emulators, or see localstack/README.md"


@dataclass(frozen=True)
class Emulator:
    """`process` and `log` are None where somebody else runs it."""

    url: str
    process: subprocess.Popen | None = None
    log: Path | None = None

    def wait(self) -> None:
        """Until it ends, which it does not do by itself."""
        code = self.process.wait()
        raise UpError(f"the emulator ended with {code}:\n{_tail(self.log)}", "start it again")


def running(which: str, port: int, stack: ExitStack) -> Emulator:
    """One that answers. What was started ends with `stack`."""
    if "://" in which:
        if not _answers(which):
            raise UpError(f"nothing answers at {which}", "start an emulator there, or leave --emulator out to have one started")
        return Emulator(which)
    if which == "ministack":
        return _start(which, port, {}, stack)
    if which == "localstack":
        return _start_localstack(port, stack)
    raise UpError(f"`{which}` is no emulator", "--emulator is ministack, localstack, or the URL of one that runs")


def _start_localstack(port: int, stack: ExitStack) -> Emulator:
    """Its DynamoDB is a ministack's."""
    _refuse_taken(port)
    tables = _start("ministack", _free_port(), {}, stack)
    return _start("localstack", port, {"LS_DYNAMODB_URL": tables.url}, stack)


def _start(name: str, port: int, variables: dict[str, str], stack: ExitStack) -> Emulator:
    """`localstack/NAME PORT FOLDER`."""
    _refuse_taken(port)
    folder = Path(tempfile.mkdtemp(prefix=f"celeriac-{name}-"))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(HERE / name), str(port), str(folder)],
            # Where it unpacks functions, too: nothing of it is left.
            env={**_environment(), "TMPDIR": str(folder), **variables},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C is for this script, which then ends the emulator and whatever functions it has
            # left behind.
            start_new_session=True,
        )
    stack.callback(_stop, process)
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + START_TIMEOUT
    while not _answers(url):
        if process.poll() is not None or time.monotonic() > deadline:
            raise UpError(f"{name} did not start:\n{_tail(log)}", INSTALL)
        time.sleep(0.1)
    print(f"started    {name} on {url}")
    return Emulator(url, process, log)


def _environment() -> dict[str, str]:
    """Functions inherit it: they have settings of their own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CELERIAC_", "AWS_"))}
    # This Python may be the one that has the emulator.
    return {**kept, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"}


def _stop(process: subprocess.Popen) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_TIMEOUT)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _answers(url: str) -> bool:
    """HTTP, whatever the answer."""
    try:
        # LocalStack's first answer may take many seconds.
        urllib.request.urlopen(url, timeout=ANSWER_TIMEOUT)
    except urllib.error.HTTPError:
        return True
    except (OSError, ValueError):
        return False
    return True


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise UpError(
                f"port {port} is taken: {error}",
                f"--port N for another one, or --emulator http://127.0.0.1:{port} if that is an emulator",
            ) from error


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:])
