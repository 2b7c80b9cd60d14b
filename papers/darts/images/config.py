"""What the searches on images are made of, with where it comes from.

[P] the paper (arXiv:1806.09055v2), [C] its authors' code, [ours] chosen here.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import positive, within
from papers.cells.child.config import FEWEST, ImageChildren, refuse_shallow
from papers.darts.config import Darts


@dataclass(frozen=True)
class ImageSearch(ImageChildren, Darts):
    """The search on CIFAR-10 (Sec. 3.1), and the training of what it finds."""

    channels: int = 16  # [P] Sec. 3.1
    cells: int = 8  # [P] Sec. 3.1
    batch: int = 64  # [P] Sec. 3.1
    steps: int = 19_550  # [P] 50 epochs of 391 batches
    held_out: float = 0.5  # [P] Sec. 3.1, share of the training images that alpha sees
    split_seed: int = 0  # [ours] which images those are; [C] the last 25,000
    eval_every: int = 391  # [ours]

    @property
    def halves(self) -> tuple[float, int]:
        """Which share of the training images alpha sees, and the split's seed."""
        return self.held_out, self.split_seed

    def __post_init__(self) -> None:
        Darts.__post_init__(self)
        ImageChildren.__post_init__(self)
        within(self, "channels", FEWEST)
        positive(self, "cells", "batch", "steps", "eval_every")
        within(self, "held_out", 0.01, 0.99)


REFUSALS = {ImageSearch: refuse_shallow}  # asked by the plan, before any work
