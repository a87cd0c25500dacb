"""Logical names of a template's resources: letters and digits only, and each once."""

from __future__ import annotations

import hashlib
import re

# Of these no two become the same: words that begin with a letter, and `.fifo`, which is no word.
_PLAIN = re.compile(r"(?!.*-fifo$)[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*(\.fifo)?")


def logical(kind: str, name: str) -> str:
    """`logical("Queue", "orders.fifo")` is `QueueOrdersFifo`. Other names get a few digits that tell them apart."""
    camel = "".join(word[0].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", name) if word)
    mark = "" if _PLAIN.fullmatch(name) else hashlib.sha256(name.encode()).hexdigest()[:6]
    return f"{kind}{camel}{mark}"
