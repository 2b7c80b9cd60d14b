"""How the values of a micro network lie in memory: the batch first, or last on short signals.

And where a shared operation stands: batch norms have no weights and no running statistics.

Shapes: N batch, C channels, L positions or H W space.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from papers.cells.network.fast import batch_last, kernels
from papers.cells.network.operations import NORM, Place


class Arrangement(Protocol):
    """What differs between values with the batch first, as torch has them, and with it last."""

    axis: int  # where the channels are

    def run(self, module: nn.Module, x: Tensor) -> Tensor:
        """Return a module's value."""
        ...

    def point(self, weight: Tensor, x: Tensor) -> Tensor:
        """Return a 1x1 convolution by weights (C', C)."""
        ...

    def halves(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return every second position, and those that are one position further."""
        ...

    def mean(self, x: Tensor) -> Tensor:
        """Return the mean over positions (N, C)."""
        ...


class BatchFirst:
    """Values (N, C, L) or (N, C, H, W)."""

    axis = 1

    def run(self, module: nn.Module, x: Tensor) -> Tensor:
        """Return a module's value."""
        value: Tensor = module(x)
        return value

    def point(self, weight: Tensor, x: Tensor) -> Tensor:
        """Return a 1x1 convolution by weights (C', C)."""
        if x.dim() == 3:
            return F.conv1d(x, weight[:, :, None])
        return F.conv2d(x, weight[:, :, None, None])

    def halves(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return every second position, and those one further; an odd size ends with a zero."""
        odd = F.pad(x, [p for size in reversed(x.shape[2:]) for p in (0, size % 2)])
        if x.dim() == 3:
            return x[:, :, ::2], odd[:, :, 1::2]
        return x[:, :, ::2, ::2], odd[:, :, 1::2, 1::2]

    def mean(self, x: Tensor) -> Tensor:
        """Return the mean over positions (N, C)."""
        return x.flatten(2).mean(-1)


class BatchLast:
    """Values (C, L, N) of signals: see `papers.cells.network.fast.batch_last`."""

    axis = 0

    def run(self, module: nn.Module, x: Tensor) -> Tensor:
        """Return a module's value."""
        return batch_last.run(module, x)

    def point(self, weight: Tensor, x: Tensor) -> Tensor:
        """Return a 1x1 convolution by weights (C', C)."""
        return (weight @ x.flatten(1)).view(-1, *x.shape[1:])

    def halves(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return every second position, and those one further; an odd size ends with a zero."""
        return x[:, ::2], F.pad(x, (0, 0, 0, x.shape[1] % 2))[:, 1::2]

    def mean(self, x: Tensor) -> Tensor:
        """Return the mean over positions (N, C)."""
        return x.mean(1).T


class Unscaled(nn.BatchNorm1d):
    """A batch norm of signals without weights and without running statistics."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, affine=False, track_running_stats=False)


@batch_last.run.register
def _unscaled(module: Unscaled, x: Tensor) -> Tensor:
    rows = x.flatten(1)
    scale, shift = rows.new_ones(len(rows)), rows.new_zeros(len(rows))
    return kernels.normalise(rows, scale, shift)[0].view(x.shape)


@dataclass(frozen=True)
class SharedPlace(Place):
    """Where a shared operation stands: every batch norm is the batch's own."""

    def norm(self, channels: int | None = None) -> nn.Module:
        """Return a batch norm for this place."""
        if self.dim == 1:
            return Unscaled(channels or self.channels)
        return NORM[2](channels or self.channels, affine=False, track_running_stats=False)
