"""Two layouts of a node's value in the fast supernet, with one set of words.

`Images`: a matrix (M, C), channels innermost, as oneDNN likes its images; one dimension is a
height without a width. `Signals`: a matrix (C, M), the batch innermost; its depthwise
convolutions are matrices whose work grows with L squared, so they are for short signals.

Shapes: N batch, C channels, H W space, L positions, M = N H W or L N, K convolutions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from papers.cells.network.fast.depthwise import (
    Banded,
    Depthwise,
    Grid,
    Window,
    bands,
    diagonals,
    flat,
    image,
    matrix,
    per_channel,
    strided,
    summed,
    wide,
)
from papers.cells.network.fast.kernels import first_order

LONGEST = 64  # signals with more positions are images
EPS = 1e-5  # of torch's batch norm


class _Gather(torch.autograd.Function):
    """A node: the sum of d W' over all that arrives, or of W d where channels come first."""

    @staticmethod
    def forward(ctx: Any, last: bool, *tensors: Tensor) -> Tensor:
        """Sum as many matrices (M, C_i) as maps, (C, C_i) or diagonals (C), to (M, C)."""
        count = len(tensors) // 2
        values, maps = tensors[:count], tensors[count:]
        result = _mapped(values[0], maps[0], last)
        for value, linear in zip(values[1:], maps[1:], strict=True):
            if linear.dim() == 1 and last:
                wide(result).addcmul_(wide(value), per_channel(linear, value))
            elif linear.dim() == 1:
                result.addcmul_(linear[:, None], value)
            elif last:
                result.addmm_(value, linear.T)
            else:
                result.addmm_(linear, value)
        ctx.save_for_backward(*tensors)
        ctx.last = last
        return result

    @staticmethod
    @first_order
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of matrices and maps."""
        count, last = len(ctx.saved_tensors) // 2, ctx.last
        values, maps = ctx.saved_tensors[:count], ctx.saved_tensors[count:]
        gradient = gradient.contiguous()
        back, own = [], []
        for value, linear in zip(values, maps, strict=True):
            diagonal = linear.dim() == 1
            back.append(_mapped(gradient, linear if diagonal else linear.T, last))
            if diagonal:
                both = gradient * value
                own.append(summed(both) if last else both.sum(1))
            else:
                own.append(gradient.T @ value if last else gradient @ value.T)
        return None, *back, *own


def _mapped(x: Tensor, linear: Tensor, last: bool) -> Tensor:
    if linear.dim() == 2:
        return x @ linear.T if last else linear @ x
    return (wide(x) * per_channel(linear, x)).view(x.shape) if last else linear[:, None] * x


def own_scale(products: Tensor, value: Tensor) -> Tensor:
    """Return the factors (C) that normalise each channel of a centred value by itself."""
    rows = value.numel() // len(products)
    return (products.diagonal() / rows + EPS).rsqrt()


@dataclass(frozen=True)
class ImageLayout:
    """A node's value (M, C), where its rows lie, and the stride of what leaves it."""

    value: Tensor
    grid: Grid
    dim: int = 2
    stride: tuple[int, int] = (1, 1)

    @classmethod
    def of(cls, x: Tensor) -> Self:
        """Return images (N, C, H, W), or signals (N, C, L), as a source."""
        return cls(
            cls.taken(x), (len(x), x.shape[2], x.shape[3] if x.dim() == 4 else 1), x.dim() - 2
        )

    @staticmethod
    def taken(x: Tensor) -> Tensor:
        """Return what a module gave, images or signals, as a value."""
        return matrix(flat(x))

    @property
    def given(self) -> Tensor:
        """The value as modules take it: (N, C, L) or (N, C, H, W)."""
        x = image(self.value, self.grid)
        return x.squeeze(3) if self.dim == 1 else x

    @property
    def ones(self) -> Tensor:
        """The diagonal (C) of the map that changes nothing."""
        return self.value.new_ones(self.value.shape[1])

    @cached_property
    def rectified(self) -> Tensor:
        """The value after ReLU."""
        return self.value.relu()

    @cached_property
    def halves(self) -> Tensor:
        """The rectified value at even and at odd positions, side by side: (M', 2 C)."""
        (_, h, w), (sh, sw) = self.grid, self.stride
        x = self.rectified.view(*self.grid, -1)
        odd = F.pad(x, (0, 0, 0, w % sw, 0, h % sh))[:, sh - 1 :: sh, sw - 1 :: sw]
        return torch.cat([x[:, ::sh, ::sw], odd], dim=-1).flatten(0, 2)

    @property
    def halving(self) -> Self:
        """The same, left by edges that halve the size."""
        return replace(self, stride=(2, self.dim))

    def next(self, value: Tensor) -> Self:
        """Return a value at the other end of the edges."""
        return type(self)(value, strided(self.grid, self.stride), self.dim)

    def zeros(self) -> Tensor:
        """Return the value, at the other end of the edges, of a node that nothing reaches."""
        n, h, w = strided(self.grid, self.stride)
        return self.value.new_zeros(n * h * w, self.value.shape[1])

    def pool(self, kind: str) -> Tensor:
        """Return the value pooled over 3x3 positions; a border counts what is inside."""
        images = image(self.value, self.grid)
        size, padding = ((3, 1), (1, 0)) if self.dim == 1 else ((3, 3), (1, 1))
        if kind == "max_pool_3x3":
            return matrix(F.max_pool2d(images, size, self.stride, padding))
        # a depthwise convolution is five times as quick as torch's average pooling
        weight = images.new_ones(images.shape[1], 1, *size)
        window = Window(size, self.stride, padding, (1, 1))
        inside = window.convolve(images.new_ones(1, 1, *self.grid[1:]), weight[:1])
        return matrix(window.convolve(images, weight) / inside)

    def depthwise(
        self, xs: Sequence[Tensor], windows: Sequence[Window], kernels: Sequence[Tensor]
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return G (K, C, C) and K centred convolutions (M', C) of K inputs (M, C), or of one."""
        given = (windows, self.grid, *xs, *kernels)
        products, *values = Depthwise.apply(*given)  # type: ignore[no-untyped-call]
        return products, tuple(values)

    @staticmethod
    def mix(linear: Tensor, value: Tensor) -> Tensor:
        """Return d P' for a map (C, C') and a value (M, C')."""
        return value @ linear.T

    @staticmethod
    def centred(x: Tensor) -> tuple[Tensor, Tensor]:
        """Return G (C, C) and the centred value."""
        d = x - x.mean(0)
        return d.T @ d, d

    def normalised(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the centred value, and the factors (C) that normalise each channel by itself."""
        products, d = self.centred(x)
        return d, own_scale(products, d)

    @staticmethod
    def gather(values: Sequence[Tensor], maps: Sequence[Tensor]) -> Tensor:
        """Return the sum of d W'."""
        result: Tensor = _Gather.apply(True, *values, *maps)  # type: ignore[no-untyped-call]
        return result

    @staticmethod
    def joined(values: Sequence[Tensor]) -> Tensor:
        """Return values with their channels one after another."""
        return torch.cat(list(values), dim=1)

    def mean(self) -> Tensor:
        """Return the mean over positions, (N, C)."""
        return self.value.view(self.grid[0], -1, self.value.shape[1]).mean(1)


@dataclass(frozen=True)
class SignalLayout:
    """A node's value (C, M), how many positions it has, and the stride of what leaves it."""

    value: Tensor
    length: int
    stride: int = 1

    @classmethod
    def of(cls, x: Tensor) -> SignalLayout:
        """Return signals (N, C, L) as a source."""
        return cls(cls.taken(x), x.shape[2])

    @staticmethod
    def taken(x: Tensor) -> Tensor:
        """Return a module's signals (N, C, L) as a value."""
        return x.permute(1, 2, 0).reshape(x.shape[1], -1)

    @property
    def given(self) -> Tensor:
        """The value as modules take it: (N, C, L)."""
        return self.spread(self.value).permute(2, 0, 1)

    def spread(self, x: Tensor) -> Tensor:
        """View (C, L N) as (C, L, N)."""
        return x.view(x.shape[0], self.length, -1)

    @property
    def ones(self) -> Tensor:
        """The diagonal (C) of the map that changes nothing."""
        return self.value.new_ones(len(self.value))

    @cached_property
    def rectified(self) -> Tensor:
        """The value after ReLU."""
        return self.value.relu()

    @cached_property
    def halves(self) -> Tensor:
        """The rectified value at even and at odd positions, one above the other: (2 C, M')."""
        x = F.pad(self.spread(self.rectified), (0, 0, 0, self.length % 2))
        halves: Tensor = x.unflatten(1, (-1, 2)).movedim(2, 0)
        return halves.flatten(0, 1).flatten(1)

    @property
    def halving(self) -> Self:
        """The same, left by edges that halve the size."""
        return replace(self, stride=2)

    def next(self, value: Tensor) -> SignalLayout:
        """Return a value at the other end of the edges."""
        return SignalLayout(value, (self.length - 1) // self.stride + 1)

    def zeros(self) -> Tensor:
        """Return the value, at the other end of the edges, of a node that nothing reaches."""
        positions = (self.length - 1) // self.stride + 1
        return self.value.new_zeros(len(self.value), positions * self.spread(self.value).shape[2])

    def pool(self, kind: str) -> Tensor:
        """Return the value pooled over three positions; a border counts what is inside."""
        x, stride = self.spread(self.value), (self.stride, 1)
        if kind == "max_pool_3x3":
            return F.max_pool2d(x[None], (3, 1), stride, (1, 0))[0].flatten(1)
        window = Window((3, 1), stride, (1, 0), (1, 1))
        inside = diagonals(window, self.length, x.dtype, x.device).sum(0).view(-1, self.length)
        return (inside / inside.sum(1, keepdim=True) @ x).flatten(1)

    def depthwise(
        self, xs: Sequence[Tensor], windows: Sequence[Window], kernels: Sequence[Tensor]
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return G (K, C, C) and K centred convolutions (C, M') of K inputs (C, M), or of one."""
        count, channels = len(kernels), len(kernels[0])
        matrices = bands(windows, kernels, self.length)
        x = self.spread(torch.cat(list(xs)))
        matrices = matrices.transpose(0, 1) if len(xs) == 1 else matrices
        matrices = matrices.reshape(len(x), -1, self.length)
        products, d = Banded.apply(x, matrices, count, channels)  # type: ignore[no-untyped-call]
        return products, d.unbind()

    @staticmethod
    def mix(linear: Tensor, value: Tensor) -> Tensor:
        """Return P d for a map (C, C') and a value (C', M)."""
        return linear @ value

    @staticmethod
    def centred(x: Tensor) -> tuple[Tensor, Tensor]:
        """Return G (C, C) and the centred value."""
        d = x - x.mean(1, keepdim=True)
        return d @ d.T, d

    def normalised(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the centred value, and the factors (C) that normalise each channel by itself."""
        products, d = self.centred(x)
        return d, own_scale(products, d)

    @staticmethod
    def gather(values: Sequence[Tensor], maps: Sequence[Tensor]) -> Tensor:
        """Return the sum of W d."""
        result: Tensor = _Gather.apply(False, *values, *maps)  # type: ignore[no-untyped-call]
        return result

    @staticmethod
    def joined(values: Sequence[Tensor]) -> Tensor:
        """Return values with their channels one after another."""
        return torch.cat(list(values))

    def mean(self) -> Tensor:
        """Return the mean over positions, (N, C)."""
        result: Tensor = self.spread(self.value).mean(1).T
        return result
