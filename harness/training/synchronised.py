"""Batch norm over the rows of all ranks, for any device.

The readable form of what `torch.nn.SyncBatchNorm` does on CUDA alone. Ioffe & Szegedy 2015,
arXiv:1502.03167.

Shapes: N rows of the whole batch, n of this rank, C channels, ... whatever else a row has.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, distributed
from torch.autograd.function import once_differentiable
from torch.nn import functional as F  # noqa: N812

from harness.training import ranks


def batch_norm(  # noqa: PLR0913  (as torch.nn.functional has it, and N)
    whole: int,
    x: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise rows (n, C, ...) by mean and variance of all N rows, channel by channel.

    The running statistics move as those of one rank would that saw all rows.
    """
    if not training:
        return F.batch_norm(x, running_mean, running_var, weight, bias, False, momentum, eps)
    size = whole * x.shape[2:].numel()
    if size < 2:
        raise ValueError(f"batch norm: {size} value per channel; training needs at least 2")
    mean, squares = _statistics(whole, x)
    with torch.no_grad():
        for running, new in ((running_mean, mean), (running_var, squares / (size - 1))):
            if running is not None:
                running.lerp_(new.to(running.dtype), momentum)
    scale = (squares / size + eps).rsqrt()
    outputs: Tensor = _Norm.apply(  # type: ignore[no-untyped-call]
        x, weight, bias, mean, scale, size
    )
    return outputs


@torch.no_grad()
def _statistics(whole: int, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean of each channel on all ranks (C), and the sum of squares around it (C).

    From those of each rank (Chan et al. 1979), since a difference of large sums loses digits.
    """
    dims, wide = _others(x), x.to(_precise(x))
    own = wide.sum(dims) / max(1, x.shape[0] * x.shape[2:].numel())
    pair = torch.stack([own, (wide - _along(own, x)).square().sum(dims)])
    every = [torch.empty_like(pair) for _ in range(ranks.count())]
    distributed.all_gather(every, pair, group=ranks.group())
    rows = [float(part.stop - part.start) for part in ranks.shards(whole)]
    shares = pair.new_tensor(rows)[:, None]
    means, squares = torch.stack(every).unbind(1)  # each (ranks, C)
    mean = (shares * means).sum(0) / whole
    between = (shares * (means - mean).square()).sum(0) * x.shape[2:].numel()
    return mean, squares.sum(0) + between


class _Norm(torch.autograd.Function):
    """y = (x - mean) scale weight + bias, where mean and scale are of all ranks' rows."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor | None,
        bias: Tensor | None,
        mean: Tensor,
        scale: Tensor,
        size: int,
    ) -> Tensor:
        """Map (n, C, ...) to the same, Alg. 1."""
        ctx.save_for_backward(x, weight, mean, scale)
        ctx.size, ctx.biased = size, bias is not None
        outputs = (x.to(_precise(x)) - _along(mean, x)) * _along(scale, x)
        if weight is not None:
            outputs = outputs * _along(weight, x)
        if bias is not None:
            outputs = outputs + _along(bias, x)
        return outputs.to(x.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Dx = scale weight (dy - (sum dy + x' sum dy x') / size), Sec. 3, with x' normalised.

        The sums are over all ranks; the gradients of weight and bias are of this rank's rows.
        """
        x, weight, mean, scale = ctx.saved_tensors
        dims, dy = _others(x), gradient.to(_precise(x))
        normal = (x.to(_precise(x)) - _along(mean, x)) * _along(scale, x)
        own = torch.stack([dy.sum(dims), (dy * normal).sum(dims)])
        sums = own.clone()
        distributed.all_reduce(sums, group=ranks.group())
        dx = dy - (_along(sums[0], x) + normal * _along(sums[1], x)) / ctx.size
        dx = dx * _along(scale if weight is None else scale * weight, x)
        dw = None if weight is None else own[1].to(weight.dtype)
        db = own[0] if ctx.biased else None
        return dx.to(x.dtype), dw, db, None, None, None


def _precise(x: Tensor) -> torch.dtype:
    """Return the precision of statistics: at least float32."""
    return torch.promote_types(x.dtype, torch.float32)


def _others(x: Tensor) -> tuple[int, ...]:
    """Return all dimensions but the channels'."""
    return (0, *range(2, x.dim()))


def _along(values: Tensor, x: Tensor) -> Tensor:
    """Return (C) in a shape that broadcasts along x (n, C, ...)."""
    return values.view(1, -1, *(1 for _ in x.shape[2:]))
