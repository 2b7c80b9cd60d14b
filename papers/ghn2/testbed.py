"""Inputs that networks are judged on, as tensors on the device, and the space that fits them.

Shapes: N rows, C channels, S space (L, or H W).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Generator, Tensor

from papers.ghn2.space.draft import Frame
from papers.signals import splits

if TYPE_CHECKING:
    from harness.trial import Trial

CLASSES = 10
Augment = Callable[[Tensor, Generator], Tensor]


@dataclass(frozen=True)
class Rows:
    """Inputs (N, C, *S) and labels (N)."""

    x: Tensor
    y: Tensor

    def __len__(self) -> int:
        return len(self.y)

    def batch(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return some rows (N) int64."""
        return self.x.index_select(0, rows), self.y.index_select(0, rows)


@dataclass(frozen=True)
class Testbed:
    """What hypernetworks learn on and are tested on; `augment` is for training inputs alone."""

    train: Rows
    test: Rows
    frame: Frame
    augment: Augment | None = None

    def drawn(self, rows: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        """Return a training batch of rows (N) int64, changed as its kind of input asks for."""
        x, y = self.train.batch(rows)
        return (x if self.augment is None else self.augment(x, generator)), y


def signals(trial: Trial) -> Testbed:
    """Return MNIST-1D's 4,000 training and 1,000 test signals, standardised by the former."""
    train, test = splits.frozen(trial)
    mean, sd = train.x.mean(), train.x.std()

    def rows(part: splits.Split) -> Rows:
        return Rows(((part.x - mean) / sd).unsqueeze(1), part.y)

    return Testbed(rows(train), rows(test), Frame(1, (train.x.shape[1],), CLASSES))
