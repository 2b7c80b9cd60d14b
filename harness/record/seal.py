"""Digests of rows: how a change that somebody made by hand is noticed.

A row has one digest of what it is and one of what it measured, each with whose they are, so that
neither a number nor a name can be exchanged alone. They are taken when a row is made from its
journal. Whoever computes them anew is not found here; a replay finds what was altered.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

COLUMN = "digest"
ENCODER = json.JSONEncoder(sort_keys=True)


@dataclass(frozen=True, order=True)
class Altered:
    """A row that is not as it was measured, and the file that tells otherwise than it did."""

    path: str
    trial: str
    member: int
    why: str

    def __str__(self) -> str:
        return f"{self.path}: trial {self.trial}, member {self.member}: {self.why}"


def digests(fixed: Mapping[str, Any], metrics: Mapping[str, Any]) -> tuple[str, str]:
    """Return the digests of a row's fixed columns and of its metrics."""
    said = {name: value for name, value in fixed.items() if name != COLUMN}
    return _hash(said), _hash([fixed["trial"], fixed["member"], dict(metrics)])


def digest(fixed: Mapping[str, Any], metrics: Mapping[str, Any]) -> str:
    """Return both as the text of a cell."""
    return "-".join(digests(fixed, metrics))


def _hash(content: Any) -> str:
    return hashlib.sha256(ENCODER.encode(content).encode()).hexdigest()[:12]
