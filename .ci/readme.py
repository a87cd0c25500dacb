"""Every command that README.md and docs/ show in a console block is real: the file, package, subcommand and flags exist."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

BINARIES = Path(os.environ.get("CARGO_TARGET_DIR", "target")) / "debug"
OURS = ("celeriac", "shop")


def commands(page: Path):
    """The lines that begin with `$ ` in a page's console blocks, without their comments."""
    for block in re.findall(r"^```(?:console|sh)\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                yield line[2:].strip()


def complaint(line: str) -> str | None:
    """Why a command cannot work, or nothing."""
    words = shlex.split(line, comments=True)
    while words and ("=" in words[0] or words[0] == "export"):
        words.pop(0)
    match words:
        case []:
            return None
        case ["./test", *_]:
            return None if os.access("test", os.X_OK) else "no such file"
        case ["cargo", "run", *rest] if "--example" in rest:
            name = rest[rest.index("--example") + 1]
            return None if list(Path("examples").glob(f"{name}.rs")) else f"no example `{name}`"
        case ["cargo", "run", "-p", package, *_]:
            return None if built(package) else f"no program `{package}`"
        case ["cargo", "install", "--path", path, *_]:
            return None if Path(path, "Cargo.toml").is_file() else f"no package in {path}"
        case [program, *rest] if program in OURS:
            return help_complaint(program, rest)
        case ["cargo" | "cd" | "git" | "pip" | "docker" | "aws", *_]:
            return None
        case [program, *_]:
            return f"nothing here knows `{program}`"


def built(program: str) -> bool:
    return (BINARIES / program).is_file()


def help_complaint(program: str, words: list[str]) -> str | None:
    """The help of the longest subcommand in `words` must know each flag in them."""
    shown = ""
    path: list[str] = []
    for word in [None, *words]:
        if word is not None and word.startswith("-"):
            break
        asked = [*path, word] if word else path
        done = subprocess.run([BINARIES / program, *asked, "--help"], capture_output=True, text=True)
        if done.returncode != 0:
            if not path:
                return f"`{program} {' '.join(asked)} --help` fails: {done.stderr.strip()}"
            break
        shown, path = done.stdout, asked
    unknown = [word for word in words if re.match(r"--?[A-Za-z]", word) and word.split("=")[0] not in shown]
    return f"`{program} {' '.join(path)}` has no {', '.join(unknown)}" if unknown else None


def main() -> int:
    # With the tests, as ./test builds them: of the same dependencies.
    whole = ["--workspace", "--all-features", "--bins", "--tests", "--examples"]
    subprocess.run(["cargo", "build", "--quiet", *whole], check=True)
    wrong, seen = 0, 0
    for page in [Path("README.md"), *sorted(Path("docs").rglob("*.md"))]:
        if not page.is_file():
            continue
        for line in commands(page):
            seen += 1
            if reason := complaint(line):
                wrong += 1
                print(f"{page}: {line}\n    {reason}")
    print(f"{seen} commands, {wrong} wrong")
    return 1 if wrong or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
