"""The function's zip: the program as `bootstrap`, and the app's settings file beside it."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import platform
import shutil
import subprocess
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from .error import UpError

SETTINGS = "celeriac.toml"
# ELF's `e_machine`, at byte 18.
MACHINES = {62: "x86_64", 183: "arm64"}
# The same content makes the same zip, so that an old one is known again.
NO_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Package:
    """A zip, ready to be uploaded."""

    content: bytes
    architecture: str

    @classmethod
    def of(cls, binary: Path, settings: Path | None) -> Package:
        program = _stripped(binary)
        files = {"bootstrap": program}
        if path := _settings(settings):
            files[SETTINGS] = path.read_bytes()
        return cls(_zip(files), _architecture(program))

    @property
    def sha256(self) -> str:
        """As Lambda tells it."""
        return base64.b64encode(hashlib.sha256(self.content).digest()).decode()


def _settings(given: Path | None) -> Path | None:
    """The function's working directory is where its package lies, so that it finds what the app finds here."""
    path = given or Path(os.environ.get("CELERIAC_CONFIG") or SETTINGS)
    if path.is_file():
        return path
    if given:
        raise UpError(f"`{given}` is no file", "leave --settings out where the app has no celeriac.toml")
    return None


def _stripped(binary: Path) -> bytes:
    """A debug build without its debug information is a quarter of the size. Of another system's program: all of it."""
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "bootstrap"
        for command in (["strip", "-o", small, binary], ["objcopy", "--strip-all", binary, small]):
            if shutil.which(command[0]) and subprocess.run(command, capture_output=True, check=False).returncode == 0:
                return small.read_bytes()
    return binary.read_bytes()


def _architecture(program: bytes) -> str:
    if program[:4] == b"\x7fELF":
        machine = int.from_bytes(program[18:20], "little")
        if machine in MACHINES:
            return MACHINES[machine]
    return "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"


def _zip(files: dict[str, bytes]) -> bytes:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, NO_TIME)
            entry.external_attr = (0o755 if name == "bootstrap" else 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return package.getvalue()
