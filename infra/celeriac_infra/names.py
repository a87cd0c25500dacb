"""Logical names of a template's resources: letters and digits only, and each once."""

from __future__ import annotations

import re


def logical(kind: str, name: str) -> str:
    """`logical("Queue", "orders.fifo")` is `QueueOrdersFifo`. Names that would meet (`a-b` and `a_b`) keep apart by their codes."""
    words = re.split(r"([^A-Za-z0-9]+)", name)
    parts = (word[:1].upper() + word[1:] if index % 2 == 0 else _separator(word) for index, word in enumerate(words))
    return kind + "".join(parts)


def _separator(text: str) -> str:
    # The usual ones are silent: `-` in `celery-dlq`, `.` in `orders.fifo`.
    return "" if text in ("-", ".") else "".join("U" if char == "_" else f"X{ord(char):x}" for char in text)
