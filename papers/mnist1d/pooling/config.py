"""What the authors chose for the pooling study, with where they printed it.

[P] the paper (arXiv:2011.14439v5), [N] the authors' notebook, [ours] not in the paper.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, positive, require, rising, within

POOLINGS = ("none", "stride", "max", "average", "l2")
TEST = 1000  # [N] test rows, whatever the size of the training set
TRAIN_BATCH = 100  # [N]; rows in stored order, never shuffled


@dataclass(frozen=True)
class Pooled:
    """One kind of pooling, trained on every size of training set in `members` copies."""

    kind: str  # [P]
    sizes: tuple[int, ...] = (1000, 2000, 5000, 10_000, 20_000, 50_000)  # [N] training rows
    lr: float = 0.01  # [N] Adam
    steps: int = 6001  # [N] 6000 and the one that an inclusive loop adds
    eval_every: int = 1000  # [ours]; [N] every 100, on both sets
    members: int = 5  # [ours]; [N] has one run per cell, seed 0

    def __post_init__(self) -> None:
        require(self.kind, POOLINGS, "kind")
        within(self, "lr", 0, 10, ends="none")
        positive(self, "steps", "eval_every", "members")
        rising(self, "sizes", TRAIN_BATCH)
        if any(n % 100 for n in self.sizes):
            raise Refused(f"sizes={self.sizes}: must be multiples of 100 rows")
