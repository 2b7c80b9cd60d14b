"""MNIST-1D's signals as tensors on the device, batch by batch in stored order.

Shapes: N rows, 40 positions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from papers.signals import dataset

if TYPE_CHECKING:
    from harness.trial import Trial

FRESH_SEED = 1234


@dataclass(frozen=True)
class Split:
    """Rows of one split on the device: x (N, 40) float32, y (N) int64."""

    x: Tensor
    y: Tensor

    def batch(self, turn: int, size: int) -> tuple[Tensor, Tensor]:
        """Return rows (turn * size) mod N and the next; short at the end of a pass."""
        start = turn * size % len(self.y)
        return self.x[start : start + size], self.y[start : start + size]


def frozen(trial: Trial, order: str = "none") -> tuple[Split, Split]:
    """Return the frozen train and test set, positions in an order of `dataset.permutation`."""
    data = dataset.generate()
    trial.uses("mnist1d", dataset.digest(data))
    return parts(data, trial.device, order)


def fresh(rows: int, device: str, order: str = "none") -> Split:
    """Return a second test set that no selection has seen (seed 1234), or an empty one."""
    data = dataset.generate(num_samples=rows or 10, train_split=1.0, seed=FRESH_SEED)
    whole = parts(data, device, order)[0]
    return Split(whole.x[:rows], whole.y[:rows])


def parts(data: dataset.Dataset, device: str, order: str = "none") -> tuple[Split, Split]:
    """Return train and test set of generated data as tensors."""
    places = np.arange(data["x"].shape[1])
    if order != "none":
        places = dataset.permutation(order.upper())
    return (
        _split(data["x"][:, places], data["y"], device),
        _split(data["x_test"][:, places], data["y_test"], device),
    )


def _split(x: np.ndarray, y: np.ndarray, device: str) -> Split:
    signals = torch.tensor(x, dtype=torch.float32, device=device)
    return Split(signals, torch.tensor(y, device=device))
