"""The rows that the study runs on: no download, small enough for float64.

Shapes: N rows, H W space, L positions.
"""

from __future__ import annotations

from torch import Generator, Tensor

from harness.training import data
from papers.cells.child import mnist1d, signals
from papers.cells.rows import Part, Rows

BRIGHTEST = 16  # of the digits' pixels


def load(name: str, where: str) -> Rows:
    """Return MNIST-1D's signals (N, 1, 40), or scikit-learn's digits (N, 1, 8, 8) in halves."""
    if name == "mnist1d":
        return signals.rows(mnist1d.Signals.load(where=where))
    train, val = (data.load("digits", part, where, fraction=0.5) for part in ("train", "val"))
    halves = Part(train.x, train.y), Part(val.x, val.y)
    return Rows("digits", train.digest, *halves, augmented, centred)


def centred(x: Tensor) -> Tensor:
    """Return pixels (N, 1, 8, 8) uint8 as numbers from -1 to 1."""
    return x.float() * (2 / BRIGHTEST) - 1


def augmented(x: Tensor, drawn: Generator) -> Tensor:
    """Return a training batch: pixels are not augmented."""
    return centred(x)
