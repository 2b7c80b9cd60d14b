"""What the authors chose for double descent, with where they printed it.

[P] the paper (arXiv:2011.14439v5), [N] the authors' 2024 notebook, [ours] not in the paper.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, require

MODELS = ("mlp", "cnn")
LOSSES = ("cross_entropy", "mse")
WIDTHS = (2, 3, 4, 5, 7, 9, 12, 16, 21, 27, 36, 47, 61, 80, 104, 135, 177, 230, 300)
CHANNELS = (*range(2, 29, 2), *range(30, 101, 5))
BATCH = 100  # [N]; 4,000 training rows, so an epoch has 40 steps


@dataclass(frozen=True)
class Descent:
    """One kind of model, trained at every width in `members` copies that differ in their seed."""

    model: str  # [P] an MLP and a CNN
    widths: tuple[int, ...] = WIDTHS  # [N] hidden units, or channels of every convolution
    noise: float = 0.15  # [P] share of training labels drawn anew; 0 in the clean runs
    loss: str = "cross_entropy"  # [N]; mse is the withdrawn 2020 study
    lr: float = 0.01  # [N] SGD, reshuffled each epoch
    momentum: float = 0.9  # [N]
    steps: int = 20_000  # [N] 500 epochs
    eval_every: int = 4000  # [ours] 100 epochs; the notebook evaluates at the end of a width
    members: int = 3  # [ours]; [N] has one run at each width
    valley: tuple[int, int] = (9, 21)  # [ours] widths whose lowest test error is the dip
    peak: tuple[int, int] = (47, 61)  # [ours] widths whose mean test error is the bump
    bottom: int = 16  # [ours] widths whose test losses are compared: in the dip
    top: int = 61  # [ours] and at the peak
    interpolated: float = 0.005  # [ours] train error below which a model fits its labels

    def __post_init__(self) -> None:
        require(self.model, MODELS, "model")
        require(self.loss, LOSSES, "loss")
        if not 0 <= self.noise < 1:
            raise Refused(f"noise={self.noise}: must be a share from 0 to below 1")
        if not 0 < self.lr < 10 or not 0 <= self.momentum < 1:
            raise Refused(f"lr={self.lr}, momentum={self.momentum}: must lie in (0, 10), [0, 1)")
        for name in ("steps", "eval_every", "members"):
            if getattr(self, name) < 1:
                raise Refused(f"{name}={getattr(self, name)}: must be at least 1")
        if len(self.widths) < 2 or list(self.widths) != sorted({w for w in self.widths if w > 0}):
            raise Refused(f"widths={self.widths}: must be two or more, rising, above 0")
        for name in ("valley", "peak"):
            if not self.within(getattr(self, name)):
                raise Refused(f"{name}={getattr(self, name)}: must contain one of the widths")
        for name in ("bottom", "top"):
            if getattr(self, name) not in self.widths:
                raise Refused(f"{name}={getattr(self, name)}: must be one of the widths")

    def within(self, ends: tuple[int, int]) -> list[int]:
        """Return the widths from one end to the other, both inclusive."""
        return [width for width in self.widths if ends[0] <= width <= ends[1]]
