"""The layers that networks are made of, in one and in two dimensions, as modules.

No layer holds running statistics: a batch is normalised by its own, in training and evaluation
(Sec. 5; the authors' code).

Shapes: N batch, C channels, S space (L, or H W), K classes, T tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

Make = Callable[..., nn.Module]
CONV: Mapping[int, Make] = {1: nn.Conv1d, 2: nn.Conv2d}
MAX_POOL: Mapping[int, Make] = {1: nn.MaxPool1d, 2: nn.MaxPool2d}
AVG_POOL: Mapping[int, Make] = {1: nn.AvgPool1d, 2: nn.AvgPool2d}
HEADS = 8


class Pointwise(nn.Conv1d):
    """A convolution of width 1 as a product of matrices: three times as fast on short signals."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, L) to (N, C', L / stride)."""
        weight = self.weight[:, :, 0].expand(len(x), -1, -1)
        return torch.bmm(weight, x[:, :, :: self.stride[0]])


POINTWISE: Mapping[int, Make] = {1: Pointwise}


class BatchNorm(nn.Module):
    """Batch normalisation by the statistics of the batch at hand: (N, C, *S) -> the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise over batch and space."""
        return F.batch_norm(x, None, None, self.weight, self.bias, True)


class ChannelNorm(nn.LayerNorm):
    """Layer normalisation over the channels of each place: (N, C, *S) -> the same."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each place."""
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class ChannelLinear(nn.Linear):
    """A linear map of the channels of each place: (N, C, *S) -> (N, C', *S)."""

    def forward(self, x: Tensor) -> Tensor:
        """Map the channels of each place."""
        if x.dim() == 2:
            return super().forward(x)
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class Attend(nn.Module):
    """Softmax(q k) v in heads over all places: (N, 3C, *S) -> (N, C, *S)."""

    def forward(self, x: Tensor) -> Tensor:
        """Let every place attend to all places."""
        q, k, v = x.flatten(2).unflatten(1, (3, HEADS, -1)).transpose(-1, -2).unbind(1)
        heads: Tensor = F.scaled_dot_product_attention(q, k, v)  # (N, heads, T, C / heads)
        places: Tensor = heads.transpose(-1, -2).flatten(1, 2).unflatten(2, x.shape[2:])
        return places


class Positions(nn.Module):
    """A learned value for every channel and place, as if it were a batch of one: (1, C, *S).

    In one dimension it is kept as tokens, (1, L, C), as networks of text have it.
    """

    def __init__(self, channels: int, size: tuple[int, ...]) -> None:
        super().__init__()
        shape = (channels, *size) if len(size) == 2 else (*size, channels)
        self.values = nn.Parameter(0.02 * torch.randn(1, *shape))

    def forward(self) -> Tensor:
        """Return the values as (1, C, *S)."""
        return self.values if self.values.dim() == 4 else self.values.transpose(1, 2)


class Gate(nn.Module):
    """Channels times their gates, by a hard swish: (N, C, *S), (N, C) -> (N, C, *S)."""

    def forward(self, x: Tensor, gate: Tensor) -> Tensor:
        """Multiply."""
        return x * F.hardswish(gate).view(*gate.shape, *(1,) * (x.dim() - 2))


class Mean(nn.Module):
    """The mean over space: (N, C, *S) -> (N, C)."""

    def forward(self, x: Tensor) -> Tensor:
        """Average."""
        return x.flatten(2).mean(2)


class Sum(nn.Module):
    """The sum of two."""

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Add."""
        return x + y


class Concat(nn.Module):
    """Several behind one another, along channels."""

    def forward(self, *xs: Tensor) -> Tensor:
        """Join."""
        return torch.cat(xs, 1)


class Subsample(nn.Module):
    """Every second place, from the first on: (N, C, *S) -> (N, C, *half of S)."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.every = (slice(None), slice(None), *(slice(None, None, 2),) * dim)

    def forward(self, x: Tensor) -> Tensor:
        """Leave every second place out."""
        return x[self.every]


class Shift(nn.Module):
    """Move by one place, the last one becoming zero: (N, C, *S) -> the same shape."""

    def forward(self, x: Tensor) -> Tensor:
        """Move."""
        dim = x.dim() - 2
        inner = x[(slice(None), slice(None), *(slice(1, None),) * dim)]
        return F.pad(inner, (0, 1) * dim)
