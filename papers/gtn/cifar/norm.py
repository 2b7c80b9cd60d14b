"""Batch norm whose statistics go in and out of a network, and carry gradients.

In an inner loop nothing may be written in place: what a batch norm remembers has to be a value.
So all batch norms of a network share a `Memory`. While it is not in use they are torch's own, with
running statistics; while it is in use they normalise by each batch and hand its statistics on, or
by what is held. [C] The authors' remember the last batch alone, its variance unbiased.

Shapes: N rows, C channels, H W space.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from papers.cells.network.operations import Place


class Memory:
    """Means and variances (C) of a network's batch norms, in the order in which they are met."""

    def __init__(self) -> None:
        self.in_use = False
        self.found: list[Tensor] = []
        self._held: Iterator[Tensor] | None = None

    @contextmanager
    def used(self, held: Sequence[Tensor] | None = None) -> Iterator[list[Tensor]]:
        """Give what batch norms find: mean and variance of each; or let them use what is held."""
        self.in_use, self.found = True, []
        self._held = None if held is None else iter(held)
        try:
            yield self.found
        finally:
            self.in_use, self.found, self._held = False, [], None

    def statistics(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean and the variance (C) that x (N, C, H, W) is normalised by."""
        if self._held is not None:
            return next(self._held), next(self._held)
        variance, mean = torch.var_mean(x, (0, 2, 3), correction=0)
        count = x.numel() // x.shape[1]
        self.found += [mean, variance * (count / max(1, count - 1))]
        return mean, variance


class Norm(nn.BatchNorm2d):
    """torch's batch norm, but while the memory is in use."""

    def __init__(self, channels: int, memory: Memory) -> None:
        super().__init__(channels)
        self.memory = memory

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (N, C, H, W)."""
        if not self.memory.in_use:
            return super().forward(x)
        mean, variance = self.memory.statistics(x)
        scale = self.weight * (variance + self.eps).rsqrt()
        return (x - mean[:, None, None]) * scale[:, None, None] + self.bias[:, None, None]


@dataclass(frozen=True)
class Remembering(Place):
    """A place in two dimensions whose batch norms share a memory."""

    dim: int = 2
    memory: Memory = field(default_factory=Memory)

    def norm(self, channels: int | None = None) -> nn.Module:
        """Return a batch norm for this place."""
        return Norm(channels or self.channels, self.memory)
