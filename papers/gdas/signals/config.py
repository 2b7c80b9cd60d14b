"""What GDAS's searches on signals are made of, with where it comes from.

[P] the paper (arXiv:1910.04465), [C] its authors' code, [ours] chosen here.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import positive, require
from papers.cells.child.config import SignalChildren, refuse_shallow
from papers.gdas.config import DERIVATIONS, Gdas


@dataclass(frozen=True)
class SignalSearch(SignalChildren, Gdas):
    """A search on MNIST-1D, and the training of what it finds.

    Network and children are those of DARTS's searches on signals; the search makes five times as
    many steps, as in the papers. `derivation`: whether the cell that is trained has two edges for
    each node ("paper"), or what the authors' code takes, which may be one edge twice ("release").
    """

    channels: int = 8  # [ours]; [C] 16
    cells: int = 3  # [ours]; [C] 6
    batch: int = 64  # [ours] as DARTS's; [C] 256
    steps: int = 11_750  # [C] 250 epochs, here of 47 batches
    alpha_lr: float = 6e-4  # [ours] 3e-4 [C] times 24,500 steps over ours
    derivation: str = "paper"
    eval_every: int = 47  # [ours]

    def __post_init__(self) -> None:
        Gdas.__post_init__(self)
        SignalChildren.__post_init__(self)
        positive(self, "channels", "cells", "batch", "steps", "eval_every")
        require(self.derivation, DERIVATIONS, "derivation")


REFUSALS = {SignalSearch: refuse_shallow}  # asked by the plan, before any work
