"""Depthwise convolutions, many at once, centred, and the products of their channels.

With d (M, C) a centred depthwise convolution and G = d'd, whatever linear map P over channels
follows, the variances of its outputs are diag(P G P') / M: a batch norm without its inputs. Here
d and G come in two forms. On images, one convolution after another, the gradients in forms that
oneDNN is quick at. On signals with the batch last, where a call costs more than its arithmetic,
as matrices: a kernel over L positions is (L', L) with its taps on diagonals, whatever its size,
stride and dilation, so all kernels that read a node are one batched product.

Shapes: N batch, C channels, H W space, L positions (L' after a stride), M = N H W or L N,
K convolutions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from papers.cells.network.fast.kernels import first_order

WIDEST = 3  # the widest kernel whose gradient oneDNN is quick at
ROWS = 16
Grid = tuple[int, int, int]  # N, H, W


def image(x: Tensor, grid: Grid) -> Tensor:
    """View a matrix (M, C) as images (N, C, H, W), channels last in memory."""
    return x.view(*grid, x.shape[1]).permute(0, 3, 1, 2)


def matrix(x: Tensor) -> Tensor:
    """View images (N, C, H, W), channels last in memory, as a matrix (M, C)."""
    return x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])


def strided(grid: Grid, stride: tuple[int, int]) -> Grid:
    """Return the grid after an operation with a stride."""
    n, h, w = grid
    return n, (h - 1) // stride[0] + 1, (w - 1) // stride[1] + 1


def flat(weight: Tensor) -> Tensor:
    """View a kernel over positions as one over a height of positions and a width of one."""
    return weight.unsqueeze(-1) if weight.dim() == 3 else weight


@dataclass(frozen=True)
class Window:
    """How a depthwise kernel moves over images: each as (height, width)."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]

    @classmethod
    def of(cls, conv: nn.Module) -> Window:
        """Return the window of a convolution over one or two dimensions."""
        kernel, stride, padding, dilation = (
            tuple(getattr(conv, name)) for name in ("kernel_size", "stride", "padding", "dilation")
        )
        if len(kernel) == 1:
            return cls((*kernel, 1), (*stride, 1), (*padding, 0), (*dilation, 1))
        return cls(kernel, stride, padding, dilation)

    def convolve(self, x: Tensor, weight: Tensor) -> Tensor:
        """Map (N, C, H, W) by kernels (C, 1, kh, kw)."""
        return F.conv2d(x, weight, None, self.stride, self.padding, self.dilation, x.shape[1])

    def spread(self, gradient: Tensor, x: Tensor) -> tuple[Window, Tensor]:
        """Return the gradient at stride 1, zero between, and its window: strides are slow."""
        if self.stride == (1, 1):
            return self, gradient
        rows = x.new_zeros(len(x), *x.shape[2:], x.shape[1])
        rows[:, :: self.stride[0], :: self.stride[1]] = gradient.permute(0, 2, 3, 1)
        return replace(self, stride=(1, 1)), rows.permute(0, 3, 1, 2)

    def input_gradient(self, gradient: Tensor, weight: Tensor) -> Tensor:
        """Return the gradient of the input, at stride 1: the kernel turned round."""
        return self.convolve(gradient, weight.flip(2, 3))

    def weight_gradient(self, gradient: Tensor, x: Tensor, prepared: Prepared) -> Tensor:
        """Return the gradient of the kernels (C, 1, kh, kw), at stride 1.

        oneDNN is quick without dilation, for kernels no wider than three. A dilated
        kernel sees positions of one parity at a time: those become the batch. A wide kernel is
        several, side by side. What that takes of x is kept in `prepared` for the next kernel.
        """
        if self.kernel[1] <= WIDEST and max(self.dilation) == 1:
            return self._weight_gradient(gradient, x)
        if self not in prepared:
            prepared[self] = self._parts(x)
        below, right = self._missing(x)
        gradient = F.pad(gradient, (0, right, 0, below)) if below or right else gradient
        gradient = parities(gradient, self.dilation)
        parts = []
        for part in prepared[self]:
            kernel = self.kernel[0], part.shape[3] - gradient.shape[3] + 1
            plain = Window(kernel, (1, 1), (0, 0), (1, 1))
            parts.append(plain._weight_gradient(gradient, part))
        return torch.cat(parts, dim=3)

    def _missing(self, x: Tensor) -> tuple[int, int]:
        return -x.shape[2] % self.dilation[0], -x.shape[3] % self.dilation[1]

    def _parts(self, x: Tensor) -> list[Tensor]:
        """Return what each of the narrow kernels sees: padded, one parity at a time."""
        (ph, pw), (below, right), kernel = self.padding, self._missing(x), self.kernel[1]
        x = parities(F.pad(x, (pw, pw + right, ph, ph + below)), self.dilation)
        width = x.shape[3] - kernel
        return [
            x[..., left : width + min(left + WIDEST, kernel)].contiguous(
                memory_format=torch.channels_last
            )
            for left in range(0, kernel, WIDEST)
        ]

    def _weight_gradient(self, gradient: Tensor, x: Tensor) -> Tensor:
        channels = x.shape[1]
        weight = x.new_empty(channels, 1, *self.kernel).to(memory_format=torch.channels_last)
        given = (gradient, x, weight, None, self.stride, self.padding, self.dilation)
        more = (False, [0, 0], channels, [False, True, False])
        own: Tensor = torch.ops.aten.convolution_backward(*given, *more)[1]
        return own


Prepared = dict[Window, list[Tensor]]


def parities(x: Tensor, steps: tuple[int, int]) -> Tensor:
    """Map (N, C, H, W) to (sh sw N, C, H / sh, W / sw): positions that lie a step apart."""
    if steps == (1, 1):
        return x
    n, c, h, w = x.shape
    sh, sw = steps
    split = x.permute(0, 2, 3, 1).reshape(n, h // sh, sh, w // sw, sw, c)
    return split.permute(2, 4, 0, 1, 3, 5).reshape(-1, h // sh, w // sw, c).permute(0, 3, 1, 2)


def wide(x: Tensor) -> Tensor:
    """View a contiguous matrix (M, C) with several rows in one: loops over C are too short."""
    rows = math.gcd(len(x), ROWS)
    return x.view(-1, rows * x.shape[1])


def per_channel(factors: Tensor, like: Tensor) -> Tensor:
    """Return numbers (C) as often as `wide` puts channels side by side."""
    return factors.expand(math.gcd(len(like), ROWS), -1).reshape(-1)


def summed(x: Tensor) -> Tensor:
    """Return the sum of each channel of a contiguous matrix (M, C)."""
    return wide(x).sum(0).view(-1, x.shape[1]).sum(0)


def centre_(x: Tensor) -> Tensor:
    """Take the mean of each channel from a matrix (M, C), in place."""
    wide(x).sub_(per_channel(summed(x) / len(x), x))
    return x


class Depthwise(torch.autograd.Function):
    """K depthwise convolutions, centred, and G (K, C, C), the products of their channels."""

    @staticmethod
    def forward(
        ctx: Any, windows: Sequence[Window], grid: Grid, *tensors: Tensor
    ) -> tuple[Tensor, ...]:
        """Map K or 1 inputs (M, C), then K kernels (C, 1, kh, kw), to G and K times (M', C)."""
        count, channels = len(windows), tensors[0].shape[1]
        xs, weights = tensors[:-count], tensors[-count:]
        products = xs[0].new_empty(count, channels, channels)
        results = []
        for k, (window, weight) in enumerate(zip(windows, weights, strict=True)):
            d = matrix(window.convolve(image(xs[k % len(xs)], grid), weight))
            results.append(centre_(d))
            torch.mm(d.T, d, out=products[k])
        ctx.save_for_backward(*tensors, *results)
        ctx.windows, ctx.grid = windows, grid
        return products, *results

    @staticmethod
    @first_order
    def backward(ctx: Any, products: Tensor, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of inputs, and of kernels that need one: not all passes ask."""
        count = len(ctx.windows)
        tensors, results = ctx.saved_tensors[:-count], ctx.saved_tensors[-count:]
        xs, weights = tensors[:-count], tensors[-count:]
        own: list[Tensor] = []
        kernels: list[Tensor | None] = []
        asked = ctx.needs_input_grad[-count:]
        prepared: list[Prepared] = [{} for _ in xs]
        both = products + products.transpose(1, 2)
        for k, (window, d) in enumerate(zip(ctx.windows, results, strict=True)):
            x = image(xs[k % len(xs)], ctx.grid)
            # in place: nothing but this function and the one that made it has the gradient
            back = centre_(gradients[k].addmm_(d, both[k]))
            window, back = window.spread(image(back, strided(ctx.grid, window.stride)), x)
            shared = prepared[k % len(xs)]
            kernels.append(window.weight_gradient(back, x, shared) if asked[k] else None)
            arriving = matrix(window.input_gradient(back, weights[k]))
            if k < len(xs):
                own.append(arriving)
            else:
                own[0].add_(arriving)
        return None, None, *own, *kernels


@lru_cache(maxsize=256)
def diagonals(window: Window, length: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return (k, L' L): where each tap of a kernel stands in its matrix."""
    kernel, stride = window.kernel[0], window.stride[0]
    shorter = (length - 1) // stride + 1
    result = torch.zeros(kernel, shorter, length, dtype=dtype, device=device)
    for tap in range(kernel):
        for to in range(shorter):
            at = to * stride + tap * window.dilation[0] - window.padding[0]
            if 0 <= at < length:
                result[tap, to, at] = 1
    return result.flatten(1)


def bands(windows: Sequence[Window], kernels: Sequence[Tensor], length: int) -> Tensor:
    """Return the matrices (K, C, L' L) of K depthwise kernels (C, 1, k, 1)."""
    groups: dict[Window, list[int]] = {}
    for k, window in enumerate(windows):
        groups.setdefault(window, []).append(k)
    like = kernels[0]
    parts = [
        torch.stack([kernels[k] for k in members]).flatten(2)
        @ diagonals(window, length, like.dtype, like.device)
        for window, members in groups.items()
    ]
    order = [k for members in groups.values() for k in members]
    if order == sorted(order):
        return torch.cat(parts)
    each = [part for group in parts for part in group.unbind()]
    return torch.stack([each[order.index(k)] for k in range(len(order))])


class Banded(torch.autograd.Function):
    """K depthwise convolutions (K, C, M'), centred, and G (K, C, C)."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, matrices: Tensor, count: int, channels: int
    ) -> tuple[Tensor, Tensor]:
        """Map (B, L, N) by (B, R, L): K kernels of one input (B = C), or of K inputs."""
        out = torch.bmm(matrices, x).view(count * channels, -1)
        out.sub_(out.mean(1, keepdim=True))
        d = (
            out.view(channels, count, -1).transpose(0, 1)
            if len(x) == channels
            else out.view(count, channels, -1)
        )
        ctx.save_for_backward(x, matrices, d)
        return torch.bmm(d, d.transpose(1, 2)), d

    @staticmethod
    @first_order
    def backward(ctx: Any, products: Tensor, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of inputs, and of matrices where they need one."""
        x, matrices, d = ctx.saved_tensors
        back = torch.baddbmm(gradient, products + products.transpose(1, 2), d)
        back.sub_(back.mean(2, keepdim=True))
        if len(x) == d.shape[1]:
            back = back.transpose(0, 1)
        back = back.reshape(*matrices.shape[:2], x.shape[2])
        own = back @ x.transpose(1, 2) if ctx.needs_input_grad[1] else None
        return matrices.transpose(1, 2) @ back, own, None, None
