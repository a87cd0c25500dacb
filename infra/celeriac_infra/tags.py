"""Tags, by which one sees what belongs to which app, and to which environment of it."""

from __future__ import annotations

from .manifest import Manifest


def of(manifest: Manifest, **others: str) -> list[dict]:
    """`celeriac:app` and `celeriac:deployment`, and the others under `celeriac:` too."""
    named = {"app": manifest.app, "deployment": manifest.deployment, **others}
    return [{"Key": f"celeriac:{key.replace('_', '-')}", "Value": value} for key, value in named.items()]
