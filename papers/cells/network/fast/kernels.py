"""One-dimensional operations with the batch last in memory, forward and gradient by hand.

Activations are (E, C, L, N): then every copy moves whole rows of N numbers. Each function here has
a plain twin in torch's layers; tests hold the two together.

Shapes: E members (1 where all share their weights), C and O channels, L positions, N batch, k
taps, R rows of M numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import torch
from torch import Tensor

from harness.paper import Refused

EPS = 1e-5  # of torch's batch norm


def first_order(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse to be differentiated again.

    torch's `once_differentiable` raises only where a second differentiation passes through it;
    one that asks for other inputs alone goes round it and silently lacks a part.
    """

    @wraps(backward)
    def guarded(ctx: Any, *gradients: Tensor) -> Any:
        if torch.is_grad_enabled():
            raise Refused("create_graph=True: fast forms have first-order gradients; use the loop")
        return backward(ctx, *gradients)

    return guarded


def normalise(x: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Batch norm of rows (R, M): the result, and each row's mean and biased variance (R)."""
    result: tuple[Tensor, Tensor, Tensor] = _Normalise.apply(x, weight, bias)  # type: ignore[no-untyped-call]
    return result


def relu_convolve(x: Tensor, weight: Tensor, kernel: int) -> Tensor:
    """Rectify and convolve: (E, C, L, N) by (E, O, C k) to (E, O, L N), zeros beyond the ends."""
    result: Tensor = _ReluConvolution.apply(x, weight, kernel)  # type: ignore[no-untyped-call]
    return result


def average(x: Tensor) -> Tensor:
    """Return the mean of each position and its neighbours; a border counts what is inside."""
    result: Tensor = _Average.apply(x)  # type: ignore[no-untyped-call]
    return result


class _Normalise(torch.autograd.Function):
    """Batch norm of rows: torch's gradient, and statistics in two passes instead of its one.

    torch takes mean and variance by Welford's recurrence, which does not vectorise on a CPU and
    costs as much as the convolution; centring first is as exact.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, ...]:
        """Return normalised rows (R, M), and the mean and biased variance of each row (R)."""
        mean = x.mean(1)
        out = x - mean[:, None]
        variance = torch.linalg.vector_norm(out, dim=1).square() / x.shape[1]
        inverse = (variance + EPS).rsqrt()
        out.mul_((inverse * weight)[:, None]).add_(bias[:, None])
        ctx.save_for_backward(x, weight, mean, inverse)
        ctx.mark_non_differentiable(mean, variance)
        return out, mean, variance

    @staticmethod
    @first_order
    def backward(ctx: Any, gradient: Tensor, *_: Tensor) -> tuple[Tensor, ...]:
        """Return the gradients of input, weight and bias."""
        x, weight, mean, inverse = ctx.saved_tensors
        given = (gradient[None], x[None], weight, None, None, mean, inverse, True, EPS)
        own, *others = torch.ops.aten.native_batch_norm_backward(*given, [True, True, True])
        return own[0], *others


class _ReluConvolution(torch.autograd.Function):
    """ReLU, unfold, matrix product; member by member, so that the columns stay in the cache.

    The columns are made again for the gradient: that is cheaper than fetching them from memory.
    The gradient of the input is the same thing once more, with the kernels turned round.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, kernel: int) -> Tensor:
        """Map (E, C, L, N) and (E, m C, C k) to (E, m C, L N)."""
        channels, length = x.shape[1:3]
        reach = kernel // 2
        padded, inner = _room(x, channels, (length, reach))
        torch.clamp_min(x, 0, out=inner)
        ctx.save_for_backward(weight, padded)
        ctx.kernel = kernel
        return _convolve(padded, weight, kernel)

    @staticmethod
    @first_order
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        """Return the gradients of input and weight."""
        weight, padded = ctx.saved_tensors
        kernel, reach = ctx.kernel, ctx.kernel // 2
        weight_gradient = torch.empty_like(weight)
        windows = _windows(padded, kernel)
        columns = padded.new_empty(windows.shape[1:])
        flat = columns.flatten(0, 1).T
        for window, own, out in zip(windows, gradient, weight_gradient, strict=True):
            columns.copy_(window)
            torch.mm(own, flat, out=out)
        channels, length = padded.shape[1], padded.shape[2] - 2 * reach
        inner = padded[:, :, reach : reach + length]
        spread, middle = _room(padded, weight.shape[1], (length, reach))
        middle.copy_(gradient.view(middle.shape))
        turned = weight.unflatten(2, (channels, kernel)).flip(3).transpose(1, 2).flatten(2)
        back = _convolve(spread, turned, kernel).view(inner.shape)
        return torch.ops.aten.threshold_backward(back, inner, 0), weight_gradient, None


def _room(like: Tensor, channels: int, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Return (E, C, L + 2 r, N) with zeros at its ends, and a view of its unset middle."""
    length, reach = size
    room = like.new_empty(len(like), channels, length + 2 * reach, like.shape[3])
    room[:, :, :reach].zero_()
    room[:, :, reach + length :].zero_()
    return room, room[:, :, reach : reach + length]


def _convolve(padded: Tensor, weight: Tensor, kernel: int) -> Tensor:
    """Map padded (E, C, L + k - 1, N) and (E, O, C k) to (E, O, L N)."""
    windows = _windows(padded, kernel)
    columns = padded.new_empty(windows.shape[1:])
    flat = columns.flatten(0, 1)
    result = padded.new_empty(len(padded), weight.shape[1], flat.shape[1])
    for window, own, out in zip(windows, weight, result, strict=True):
        columns.copy_(window)
        torch.mm(own, flat, out=out)
    return result


def _windows(padded: Tensor, kernel: int) -> Tensor:
    """View (E, C, L + k - 1, N) as overlapping windows (E, C, k, L N), without a copy."""
    members, channels, length, batch = padded.shape
    positions = (length - kernel + 1) * batch
    far, near = padded.stride()[:2]
    return padded.as_strided((members, channels, kernel, positions), (far, near, batch, 1))


class _Average(torch.autograd.Function):
    """The mean of each position and its neighbours; a border counts what is inside."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """Map (E, C, L, N) to the same shape."""
        return _with_neighbours(x) * _shares(x)

    @staticmethod
    @first_order
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        """Return the gradient of the input: the same sums, of the shares."""
        return _with_neighbours(gradient * _shares(gradient))


def _with_neighbours(x: Tensor) -> Tensor:
    total = x.clone()
    total[:, :, 1:] += x[:, :, :-1]
    total[:, :, :-1] += x[:, :, 1:]
    return total


def _shares(x: Tensor) -> Tensor:
    shares = x.new_full((x.shape[2], 1), 1 / 3)
    shares[0] = shares[-1] = 1 / 2
    return shares
