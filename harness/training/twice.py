"""Stacked layers in one dimension whose gradients can be differentiated again.

`harness.training.ensemble`'s Conv1d writes its gradient by hand, once; these are made of torch's
own operations, for inner loops that are differentiated through. Activations have the batch last,
(E, C, L, N): every copy of an unfolding moves whole rows of N numbers.

Shapes: E members (1 where all share an input), N batch, C and O channels, L positions, M positions
of a result, k taps.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812


def batch_last(x: Tensor) -> Tensor:
    """Return signals (N, L), (N, C, L) or (E, N, C, L) as (E or 1, C, L, N)."""
    if x.dim() == 2:
        x = x[:, None]
    if x.dim() == 3:
        x = x[None]
    return x.permute(0, 2, 3, 1).contiguous()


def convolve(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int = 1, padding: int = 0
) -> Tensor:
    """Convolve each member's rows: (E or 1, C, L, N) by (E, O, C, k) to (E, O, M, N).

    An input with one member is shared by all members' weights; bias is (E, O).
    """
    members, outputs, channels, kernel = weight.shape
    if x.dim() != 4 or x.shape[1] != channels or x.shape[0] not in (1, members):
        raise ValueError(
            f"x={tuple(x.shape)}: must be (1 or {members}, {channels}, L, N), as the weights are"
        )
    taps = windows(x, kernel, stride, padding)
    columns = torch.stack(taps, dim=2).flatten(3).flatten(1, 2)  # (E or 1, C k, M N)
    if len(columns) == 1 and members > 1:  # one product: all members' kernels are rows of it
        out = (weight.flatten(2).flatten(0, 1) @ columns[0]).view(members, outputs, -1)
    else:
        out = torch.bmm(weight.flatten(2), columns)
    if bias is not None:
        out = out + bias[:, :, None]
    return out.view(members, outputs, taps[0].shape[2], -1)


def max_pool(x: Tensor, kernel: int, stride: int, padding: int = 0) -> Tensor:
    """Return the largest of every window: (E, C, L, N) to (E, C, M, N)."""
    first, *rest = windows(x, kernel, stride, padding, fill=float("-inf"))
    for tap in rest:
        first = torch.maximum(first, tap)
    return first


def average_pool(x: Tensor, kernel: int, stride: int, padding: int = 0) -> Tensor:
    """Return the mean of every window, zeros beyond the ends: (E, C, L, N) to (E, C, M, N)."""
    first, *rest = windows(x, kernel, stride, padding)
    for tap in rest:
        first = first + tap
    return first / kernel


def windows(x: Tensor, kernel: int, stride: int, padding: int, fill: float = 0.0) -> list[Tensor]:
    """Return the k taps of every window, each (E, C, M, N); `fill` stands beyond the ends."""
    padded = F.pad(x, (0, 0, padding, padding), value=fill) if padding else x
    positions = (padded.shape[2] - kernel) // stride + 1
    if positions < 1:
        raise ValueError(f"kernel={kernel}: longer than {padded.shape[2]} positions with padding")
    reach = stride * (positions - 1) + 1
    return [padded[:, :, k : k + reach : stride] for k in range(kernel)]
