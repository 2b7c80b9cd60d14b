"""Whole steps of the paper's search on CIFAR-10 (Sec. 3.1, batch 64), on a GPU."""

from __future__ import annotations

from harness.pair import Pair
from papers.cells.speed import graph_bench
from papers.cells.supernet.node import Design
from papers.darts.config import Darts
from papers.darts.method import method

BATCH, SIZE = 64, (32, 32)


def pairs() -> list[Pair]:
    """Return steps of first order: replayed in three ways, beside the loop."""
    return graph_bench.pairs(Design(), BATCH, SIZE, method(Darts(gradient="first_order")))
