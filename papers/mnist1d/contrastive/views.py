"""Augmented views of signals: two of each signal of a batch, drawn on their own.

A view loses its mean and its least-squares slope, is shifted to the right in a circle, and gets a
new random line. What is random is drawn once per epoch, what is done with it is a function.

Shapes: E members, N signals of a set, B of a batch, 2 views, L = 40 positions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Generator, Tensor

if TYPE_CHECKING:
    from papers.mnist1d.contrastive.config import Contrastive


class Draws(NamedTuple):
    """What makes views: a shift in positions and a line, each of the same shape (...)."""

    shift: Tensor  # int64
    slope: Tensor  # float32, per position
    offset: Tensor  # float32

    def columns(self, start: int, stop: int) -> Draws:
        """Return the draws of some signals: the last axis, from start to stop."""
        return Draws(*(part[..., start:stop] for part in self))


def axis(x: Tensor) -> Tensor:
    """Return the positions around their middle: (L), -19.5 to 19.5 for signals of 40."""
    length = x.shape[-1]
    return torch.arange(length, device=x.device, dtype=x.dtype) - (length - 1) / 2


def detrend(x: Tensor) -> Tensor:
    """Remove the mean and the least-squares slope of every signal: (..., L) -> (..., L)."""
    t = axis(x)
    centred = x - x.mean(-1, keepdim=True)
    slope = (centred * t).sum(-1, keepdim=True) / (t * t).sum()
    return centred - slope * t


def transform(detrended: Tensor, draws: Draws) -> Tensor:
    """Shift signals (..., L) to the right in a circle, then add a line to each."""
    places = torch.arange(detrended.shape[-1], device=detrended.device)
    source = (places - draws.shift[..., None]) % detrended.shape[-1]
    lines = draws.slope[..., None] * axis(detrended) + draws.offset[..., None]
    return detrended.expand(*source.shape).gather(-1, source) + lines


class Views:
    """Batches of views for E members, epoch after epoch; each member has its own two streams.

    Its state lies between epochs: one that was interrupted is drawn again from its beginning.
    """

    def __init__(
        self, x: Tensor, config: Contrastive, orders: Sequence[int], draws: Sequence[int]
    ) -> None:
        """Take signals (N, L) and, per member, the seed of its batches and that of its views."""
        self._x, self._config = detrend(x), config
        self._orders = [Generator().manual_seed(seed) for seed in orders]
        self._draws = [Generator().manual_seed(seed) for seed in draws]

    def epoch(self) -> Iterator[Tensor]:
        """Yield the epoch's batches (E, 2B, L): the first views of B signals, then the second."""
        size, rows = self._config.batch_size, len(self._x)
        order = torch.stack([torch.randperm(rows, generator=g) for g in self._orders])
        each = [draw(self._config, rows, generator) for generator in self._draws]
        parts = [torch.stack(part).to(self._x.device) for part in zip(*each, strict=True)]
        order, draws = order.to(self._x.device), Draws(*parts)
        for start in range(0, size * self._config.epoch_steps, size):
            signals = self._x[order[:, start : start + size]]
            both = transform(signals[:, None], draws.columns(start, start + size))
            yield both.flatten(1, 2)

    def state_dict(self) -> dict[str, Any]:
        """Return what continues with the next epoch."""
        return {
            "orders": [generator.get_state() for generator in self._orders],
            "draws": [generator.get_state() for generator in self._draws],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where other views of the same signals were."""
        for name, generators in (("orders", self._orders), ("draws", self._draws)):
            for generator, kept in zip(generators, state[name], strict=True):
                generator.set_state(kept)


def draw(config: Contrastive, rows: int, generator: Generator) -> Draws:
    """Draw two views of each of N signals on the CPU: every part is (2, N)."""
    shift = torch.randint(config.shifts, (2, rows), generator=generator)
    slope = config.slope_sd * torch.randn(2, rows, generator=generator)
    offset = config.offset_sd * torch.randn(2, rows, generator=generator)
    return Draws(shift, slope, offset)
