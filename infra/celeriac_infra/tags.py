"""Tags, by which one sees what belongs to which app."""

from __future__ import annotations


def of(app: str, **others: str) -> list[dict]:
    """`celeriac:app`, and the others under `celeriac:` too."""
    named = {"app": app, **others}
    return [{"Key": f"celeriac:{key.replace('_', '-')}", "Value": value} for key, value in named.items()]
