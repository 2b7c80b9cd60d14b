"""Two convolutions, each followed by one way to halve its 40 or 20 positions, or by none.

Shapes: ... any leading axes, N batch, C channels, L positions (even).
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from harness.training import device
from papers.mnist1d import models

CHANNELS = 20
EPS = 1e-12  # inside the root of L2 pooling: at an empty window its slope would be 0 / 0


def maximum(left: Tensor, right: Tensor) -> Tensor:
    """Return the larger of each pair, to rounding; half the time of torch.maximum's backward."""
    return right + (left - right).relu()


def average(left: Tensor, right: Tensor) -> Tensor:
    """Return the mean of each pair."""
    return (left + right) / 2


def l2(left: Tensor, right: Tensor) -> Tensor:
    """Return the Euclidean norm of each pair (not divided by the window's length)."""
    return (left * left + right * right + EPS).sqrt()


POOLS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "max": maximum,
    "average": average,
    "l2": l2,
}


def pool(kind: str, x_NCL: Tensor) -> Tensor:
    """Pool windows of two positions, (..., N, C, L) -> (..., N, C, L/2); 'none', 'stride': as is.

    Works with the batch as the last axis, as stacked convolutions lay it out in memory: then
    every call here, and the gradient, moves whole rows of N numbers.
    """
    if kind not in POOLS:
        return x_NCL
    x_CLN = x_NCL.movedim(-3, -1)
    left, right = x_CLN.unflatten(-2, (-1, 2)).unbind(-2)
    return POOLS[kind](left, right).movedim(-1, -3)


class Network(nn.Module):
    """9,310 parameters without pooling, else 3,310."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind, stride = kind, 2 if kind == "stride" else 1
        positions = models.SIGNAL if kind == "none" else models.SIGNAL // 4
        self.first = nn.Conv1d(1, CHANNELS, 3, stride=stride, padding=1)
        self.second = nn.Conv1d(CHANNELS, CHANNELS, 3, stride=stride, padding=1)
        self.out = nn.Linear(CHANNELS * positions, models.CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Map signals (..., 40) to logits (..., 10)."""
        h = pool(self.kind, self.first(x.unsqueeze(-2)).relu())
        h = pool(self.kind, self.second(h).relu())
        logits: Tensor = self.out(h.flatten(-2))
        return logits


def build(kind: str, seed: int) -> nn.Module:
    """Return a network, its weights drawn from a stream of their own.

    One seed gives all kinds the same convolutions, and those that halve twice the same output.
    """
    with device.seeded(seed):
        return Network(kind)
