"""What the searches on signals are made of, with where it comes from.

[P] the paper (arXiv:1806.09055v2), [C] its authors' code, [ours] chosen here.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import positive
from papers.cells.child.config import SignalChildren, refuse_shallow
from papers.darts.config import Darts


@dataclass(frozen=True)
class SignalSearch(SignalChildren, Darts):
    """A search on MNIST-1D, and the training of what it finds.

    `alpha_lr` is set so that `alpha_lr * steps` is what it is in the paper's search, 5.9.
    """

    channels: int = 8  # [ours]; [P] 16
    cells: int = 3  # [ours]; [P] 8
    batch: int = 64  # [P] Sec. 3.1, for w and for alpha
    steps: int = 2350  # [P] 50 epochs, here of 47 batches
    alpha_lr: float = 2.5e-3  # [ours] 3e-4 [P] times 19,550 steps over ours
    eval_every: int = 47  # [ours]

    def __post_init__(self) -> None:
        Darts.__post_init__(self)
        SignalChildren.__post_init__(self)
        positive(self, "channels", "cells", "batch", "steps", "eval_every")


REFUSALS = {SignalSearch: refuse_shallow}  # asked by the plan, before any work
