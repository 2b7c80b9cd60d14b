"""What a search or a training sees: rows, test rows that are sealed, and endless batches.

Shapes: N rows, C channels, then L positions (signals) or H W space (images).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Generator, Tensor

from harness.training import data

Augmentation = Callable[[Tensor, Generator], Tensor]
Batch = tuple[Tensor, Tensor]  # inputs (N, ...), labels (N)
Seed = Callable[..., int]  # the seed of a named random stream: `trial.stream`


@dataclass(frozen=True)
class Part:
    """Rows of one part: x (N, ...) or, for stacked children, batch last (L, N); y int64 (N)."""

    x: Tensor
    y: Tensor


class Sealed:
    """A test set that whoever searches cannot read; the judge opens it."""

    def __init__(self, part: Part) -> None:
        self._part = part

    def open(self) -> Part:
        """Return the rows. Only what is measured off the clock, for a report, may call this."""
        return self._part

    def __getattr__(self, name: str) -> object:
        raise AttributeError(f"test data is sealed: '{name}' is not for a search to see")


def joined(one: Part, other: Part, dim: int = 0) -> Part:
    """Return all rows of two parts; `dim` is the one along which x has its rows."""
    return Part(torch.cat([one.x, other.x], dim), torch.cat([one.y, other.y]))


@dataclass(frozen=True)
class Rows:
    """The rows of a search, each x (N, C, ...) and y int64 (N), whole on the device.

    w trains on `train`, alpha on `alpha`, and `val` judges. `augment` makes a training batch of
    stored rows, `plain` a batch to judge on; both give float32 (N, C, ...).
    """

    dataset: str
    digest: str
    train: Part
    val: Part
    augment: Augmentation
    plain: Callable[[Tensor], Tensor]
    united: bool = False

    @property
    def all(self) -> Rows:
        """The same with w and alpha trained on all rows of both (DARTS, Sec. 3.3)."""
        return replace(self, train=joined(self.train, self.val), united=True)

    @property
    def alpha(self) -> Part:
        """What alpha trains on: the rows that judge, or all of them."""
        return self.train if self.united else self.val

    @property
    def dim(self) -> int:
        """How many dimensions a row has beside its channels."""
        return self.train.x.dim() - 2

    @property
    def inputs(self) -> int:
        """How many channels a row has."""
        return self.train.x.shape[1]


def unchanged(x: Tensor, drawn: Generator) -> Tensor:
    """Return a batch as it is."""
    return x


class BatchStream:
    """Batches of one part without end, in an order of their own.

    With `augment` a batch passes through it, with random numbers of their own stream. A part that
    is stored batch last (L, N) says so; its batches come out as (N, L) all the same.
    """

    def __init__(
        self,
        part: Part,
        batch: int,
        order_seed: int,
        augment: Augmentation = unchanged,
        augment_seed: int = 0,
        batch_last: bool = False,
    ) -> None:
        self.part, self.augment, self.batch_last = part, augment, batch_last
        self.order = data.Endless(len(part.y), batch, order_seed, part.y.device.type)
        self.drawn = Generator().manual_seed(augment_seed)

    @property
    def batch(self) -> int:
        """How many rows a batch has."""
        return self.order.batch

    def __iter__(self) -> Iterator[Batch]:
        """Return itself: it never ends."""
        return self

    def __next__(self) -> Batch:
        """Return the next batch."""
        rows = next(self.order)
        x = self.part.x[:, rows].T if self.batch_last else self.part.x.index_select(0, rows)
        return self.augment(x, self.drawn), self.part.y[rows]

    def state_dict(self) -> dict[str, Any]:
        """Return where order and augmentation are."""
        return {"order": self.order.state_dict(), "drawn": self.drawn.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another stream of the same part was."""
        self.order.load_state_dict(state["order"])
        self.drawn.set_state(state["drawn"])
