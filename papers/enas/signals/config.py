"""What the searches on signals are made of, with where it comes from.

[P] the paper (arXiv:1802.03268), [C] the authors' code for CIFAR-10's micro space, [ours] chosen
here.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, positive, within
from papers.cells.child.config import SignalChildren, SignalRandom
from papers.enas.learning import Searching


@dataclass(frozen=True)
class SignalSearch(SignalChildren, Searching):
    """A search on MNIST-1D, and the training of what it finds."""

    channels: int = 8  # [ours]; [C] 20
    cells: int = 3  # [ours]; [C] 8
    batch: int = 64  # [ours] as the other searches on signals
    steps: int = 7050  # [C] 150 epochs, here of 47 batches
    eval_every: int = 470  # [ours] turns between two rows; changes no result

    def __post_init__(self) -> None:
        SignalChildren.__post_init__(self)
        Searching.__post_init__(self)
        positive(self, "channels", "eval_every")
        within(self, "cells", 3)


@dataclass(frozen=True)
class RandomChildren(SignalRandom):
    """Cells of ENAS's space drawn uniformly, each trained from scratch."""

    drawn: tuple[int, ...] = (0, 1, 2)  # [ours] as many as the league retrains

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.drawn) < 2:
            raise Refused(f"drawn={self.drawn}: the best of one cell is no search")
