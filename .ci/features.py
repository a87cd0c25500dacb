"""Prints `package feature` for each feature of the crates that users pick features of; an empty feature is none at all.

Features that only hand on to another of these crates, where they are checked one by one, are checked together.
"""

import json
import subprocess

PACKAGES = ("celeriac-protocol", "celeriac")

metadata = subprocess.run(
    ["cargo", "metadata", "--no-deps", "--format-version", "1"], check=True, capture_output=True, text=True
)


def hands_on(parts):
    return bool(parts) and all(part.split("/")[0] in PACKAGES and "/" in part for part in parts)


for package in json.loads(metadata.stdout)["packages"]:
    if package["name"] in PACKAGES:
        features = package["features"]
        handed = [name for name in sorted(features) if hands_on(features[name])]
        for feature in ["", *sorted(set(features) - set(handed)), *([",".join(handed)] if handed else [])]:
            print(package["name"], feature)
