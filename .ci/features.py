"""Prints `package feature` for each feature of the crates that users pick features of; an empty feature is none at all."""

import json
import subprocess

PACKAGES = ("celeriac-protocol", "celeriac")

metadata = subprocess.run(
    ["cargo", "metadata", "--no-deps", "--format-version", "1"], check=True, capture_output=True, text=True
)
for package in json.loads(metadata.stdout)["packages"]:
    if package["name"] in PACKAGES:
        for feature in ["", *sorted(package["features"])]:
            print(package["name"], feature)
