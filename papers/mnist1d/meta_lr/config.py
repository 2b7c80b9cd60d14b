"""What the authors chose, with where they printed it.

[P] the paper (arXiv:2011.14439v5), [N] the authors' notebook, [ours] not in the paper.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, positive, require, within

MODES = ("forward", "reverse")


@dataclass(frozen=True)
class MetaRate:
    """A learning rate that descends its own meta-gradient, for `members` initial weights."""

    start: float  # [N] 1.5 and 0.15
    outer_steps: int = 50  # [P] [N]
    outer_lr: float = 0.3  # [N] plain gradient descent on the rate
    inner_steps: int = 200  # [N]; the meta-loss is the mean of their losses
    batch_size: int = 50  # [N]; rows in stored order, the same ones in each outer step
    hidden: int = 50  # [N] tanh MLP 40-50-10
    mode: str = "forward"  # [ours] tangents; [N] reverse mode: the same number at more memory
    members: int = 1  # [N] initial weights, a rate each
    published_init: bool = True  # [N] torch seed 0, whatever the trial's seed; False: by the seed

    def __post_init__(self) -> None:
        require(self.mode, MODES, "mode")
        positive(self, "outer_steps", "inner_steps", "batch_size", "hidden", "members")
        if self.published_init and self.members != 1:
            raise Refused(f"members={self.members}: the published initial weights are one member")
        within(self, "start", 0, 10, ends="none")
        within(self, "outer_lr", 0, 10, ends="none")
