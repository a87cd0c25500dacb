"""A worker process: started, awaited by its log, always ended by its pid."""

import os
import signal
import subprocess
import time
from pathlib import Path


def clean_environment() -> dict[str, str]:
    """This process's environment without settings of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CELERIAC_")}


class Process:
    """A process whose output goes to a file."""

    def __init__(self, name: str, command: list[str], log: Path, env: dict[str, str], cwd: Path | None = None):
        self.name = name
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                env={**clean_environment(), **env},
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def tail(self) -> str:
        return "\n".join(line[:300] for line in self.text().splitlines()[-40:])

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def wait_for_log(self, part: str, timeout: float = 60) -> None:
        """Returns when the log holds `part`."""
        deadline = time.monotonic() + timeout
        while part not in self.text():
            assert self.alive, f"{self.name} ended with {self._process.returncode}:\n{self.tail()}"
            assert time.monotonic() < deadline, f"{self.name} never logged {part!r}:\n{self.tail()}"
            time.sleep(0.05)

    def stop(self, timeout: float = 30) -> int:
        """SIGTERM, then SIGKILL to the whole session if that does not end it. Returns the exit code."""
        if self.alive:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
        return self._process.returncode

    def kill(self) -> None:
        """SIGKILL to the process and its children."""
        if self.alive:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)
