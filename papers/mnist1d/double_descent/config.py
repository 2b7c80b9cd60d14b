"""What the authors chose for double descent, with where they printed it.

[P] the paper (arXiv:2011.14439v5), [N] the authors' 2024 notebook, [ours] not in the paper.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, one_of, positive, require, rising, within

MODELS = ("mlp", "cnn")
LOSSES = ("cross_entropy", "mse")
WIDTHS = (2, 3, 4, 5, 7, 9, 12, 16, 21, 27, 36, 47, 61, 80, 104, 135, 177, 230, 300)
CHANNELS = (*range(2, 29, 2), *range(30, 101, 5))
TRAIN_BATCH = 100  # [N]; 4,000 training rows, so an epoch has 40 steps


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
    members: int = 5  # [ours] with batches of their own; [N] has one run at each width
    valley: tuple[int, int] = (9, 21)  # [ours] widths whose lowest test error is the dip
    peak: tuple[int, int] = (47, 61)  # [ours] widths whose mean test error is the bump
    bottom: int = 16  # [ours] widths whose test losses are compared: in the dip
    top: int = 61  # [ours] and at the peak
    interpolated: float = 0.005  # [ours] train error at which a model counts as fitting its labels

    def __post_init__(self) -> None:
        require(self.model, MODELS, "model")
        require(self.loss, LOSSES, "loss")
        within(self, "noise", 0, 1, ends="low")
        within(self, "lr", 0, 10, ends="none")
        within(self, "momentum", 0, 1, ends="low")
        positive(self, "steps", "eval_every", "members")
        rising(self, "widths", 1)
        if len(self.widths) < 2:
            raise Refused(f"widths={self.widths}: must be two or more")
        for name in ("valley", "peak"):
            if not self.between(getattr(self, name)):
                raise Refused(f"{name}={getattr(self, name)}: must contain one of the widths")
        if len(self.between(self.valley)) == len(self.widths):
            raise Refused(f"valley={self.valley}: must leave one of the widths out")
        for name in ("bottom", "top"):
            one_of(self, name, self.widths)

    def between(self, ends: tuple[int, int]) -> list[int]:
        """Return the widths from one end to the other, both inclusive."""
        return [width for width in self.widths if ends[0] <= width <= ends[1]]
