"""What the studies on signals are made of, with where it comes from.

[P] the paper (arXiv:1802.03268), [C] the authors' code for CIFAR-10's micro space, [ours] chosen
here.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import positive, within
from papers.cells.child.config import SignalChildren, SignalRandom
from papers.cells.space.node import MICRO, NodeSpace
from papers.enas.learning import Searching

NODES, MOST = 5, 10  # [P] Sec. 2.4 of a cell; and what is allowed here


def space(nodes: int) -> NodeSpace:
    """Return the micro space with so many nodes in a cell."""
    return NodeSpace(f"ENAS micro, {nodes} nodes", nodes, MICRO)


@dataclass(frozen=True)
class SignalSearch(SignalChildren, Searching):
    """A search on MNIST-1D, and the training of what it finds."""

    nodes: int = NODES
    channels: int = 8  # [ours]; [C] 20
    cells: int = 3  # [ours]; [C] 8
    batch: int = 64  # [ours] as the other searches on signals
    steps: int = 7050  # [C] 150 epochs, here of 47 batches
    updates: int = 5  # [ours] an epoch: scoring costs what training does; [C] a third of it
    eval_every: int = 470  # [ours] turns between two rows; changes no result

    def __post_init__(self) -> None:
        SignalChildren.__post_init__(self)
        Searching.__post_init__(self)
        within(self, "nodes", 1, MOST)
        within(self, "cells", 3)
        positive(self, "channels", "eval_every")


@dataclass(frozen=True)
class DrawnCells(SignalRandom):
    """Cells of the micro space drawn uniformly, each trained from scratch."""

    nodes: int = NODES
    drawn: tuple[int, ...] = (0, 1, 2)  # [ours] numbers of the cells

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self, "nodes", 1, MOST)


@dataclass(frozen=True)
class LargestCell(SignalChildren):
    """The cell of the largest operation: a 5x5 separable convolution in every pair."""

    nodes: int = NODES

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self, "nodes", 1, MOST)
