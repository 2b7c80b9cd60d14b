"""What the study of collapsing searches is made of, with where each number comes from.

[P] the paper (arXiv:1806.09055v2), [Z] Zela et al. 2020, arXiv:1909.09656, and its authors' code,
[ours] chosen here.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, positive, require, within
from papers.cells.child.config import refuse_shallow
from papers.darts.config import Darts
from papers.darts.robustness.early_stopping import Rule

SPACES = ("S1", "S2", "S3", "S4")


@dataclass(frozen=True)
class Collapse(Darts):
    """A long first-order search of a reduced space, watched.

    `weight_decay` is what differs between levels. With `early_stopping` the search ends where
    curvature has risen, and its result is the cell from before that.
    """

    gradient: str = "first_order"  # [Z]
    space: str = "S2"  # [Z] Sec. 3
    early_stopping: bool = False
    channels: int = 8  # [ours]; [Z] 16
    cells: int = 3  # [ours]; [Z] 8
    batch: int = 64  # [Z]
    steps: int = 9400  # [ours] 200 epochs of 47 batches, four searches long; [Z] 50 epochs
    alpha_lr: float = 2.5e-3  # [ours] 3e-4 [P] times the authors' 391 batches an epoch over ours
    eval_every: int = 47  # [Z] an epoch
    iterations: int = 20  # [ours] of power iteration at every evaluation, from where it was
    first_iterations: int = 100  # [ours] at the first one, which begins anywhere
    stop_window: int = 5  # [Z] Sec. 4.3, evaluations that are averaged
    stop_ratio: float = 1.3  # [Z]
    stop_back: int = 4  # [Z]
    stop_first: int = 10  # [Z] the earliest evaluation whose cell may be returned

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.space, SPACES, "space")
        positive(self, "batch", "steps", "eval_every", "iterations", "first_iterations")
        positive(self, "stop_window", "stop_back")
        within(self, "stop_first", 0)
        within(self, "stop_ratio", 1)
        if self.gradient != "first_order" or self.union:
            raise Refused(f"gradient={self.gradient}, union={self.union}: fixed in this study")

    @property
    def rule(self) -> Rule:
        """When the search ends, or would end."""
        return Rule(self.stop_window, self.stop_ratio, self.stop_back, self.stop_first)


def refuse_small(config: Collapse) -> None:
    """Refuse networks without channels, or without a normal cell."""
    positive(config, "channels")
    refuse_shallow(config)


REFUSALS = {Collapse: refuse_small}  # asked by the plan, before any work
