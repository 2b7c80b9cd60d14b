"""What GDAS adds to a bilevel search: a temperature, and what becomes of what is not sampled.

[P] the paper (arXiv:1910.04465), [C] its authors' code (D-X-Y/GDAS, and the first release where
said), [ours] chosen here. Every study has a config of its own that begins with these fields.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import positive, require, within
from papers.cells.supernet.config import UNSAMPLED, Bilevel, rate_for

# how far alpha can go in the authors' search on CIFAR-10: 3e-4 times 24,500 steps [C]
TRAVEL = 7.35
DERIVATIONS = ("paper", "release")


@dataclass(frozen=True)
class Gdas(Bilevel):
    """How GDAS samples and updates.

    `tau` is the temperature of the first epoch and `lowest_tau` that of the last; it falls by
    equal amounts. `unsampled`: weights that a step has not run go on under decay and momentum
    ("dense": the authors' PyTorch 0.3 had zero gradients there), or are left alone ("skip").
    """

    tau: float = 10.0  # [P] Sec. 4.1
    lowest_tau: float = 0.1  # [C] the last epoch's
    epochs: int = 250  # [C]
    unsampled: str = "skip"  # [ours] [C] dense
    weight_decay: float = 5e-4  # [C]

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self, "tau", 1e-3, 1e6)
        within(self, "lowest_tau", 1e-3, self.tau)
        positive(self, "epochs")
        require(self.unsampled, UNSAMPLED, "treatment of unsampled weights")


def reach(steps: int, epochs: int) -> dict[str, object]:
    """Return what a search of so many steps changes: alpha goes as far as in the authors'."""
    return {"steps": steps, "epochs": epochs, "alpha_lr": rate_for(steps, TRAVEL)}
