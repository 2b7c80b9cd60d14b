"""The pairs that `python -m harness bench papers/darts` times: all studies'."""

from __future__ import annotations

from harness.pair import Pair
from papers.darts.recurrent import bench as recurrent
from papers.darts.space import bench as space


def pairs() -> list[Pair]:
    """Return the steps of a search and the recurrent search cell, beside their oracles."""
    return [*space.pairs(), *recurrent.pairs()]
