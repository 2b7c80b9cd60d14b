"""The pairs that `python -m harness bench papers/randomnas` times: the cells' own."""

from __future__ import annotations

from harness.pair import Pair
from papers.cells.speed import bench


def pairs() -> list[Pair]:
    """Return child training and the supernets, each beside its readable oracle."""
    return bench.pairs()
