"""A program that is not compiled for tests (`test = false`) holds none: they would never run."""

import json
import re
import subprocess
import sys
from pathlib import Path

metadata = subprocess.run(
    ["cargo", "metadata", "--no-deps", "--format-version", "1"], check=True, capture_output=True, text=True
)
programs = [
    Path(target["src_path"]).parent
    for package in json.loads(metadata.stdout)["packages"]
    for target in package["targets"]
    if "bin" in target["kind"] and not target["test"]
]
tests = re.compile(r"#\[(\w+::)?test\b|proptest!")
wrong = [str(file) for folder in programs for file in sorted(folder.rglob("*.rs")) if tests.search(file.read_text())]
print(f"{len(programs)} programs without tests", *wrong, sep="\n")
sys.exit(1 if wrong else 0)
