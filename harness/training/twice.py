"""Stacked layers in one dimension whose gradients can be differentiated again.

`harness.training.ensemble`'s Conv1d writes its gradient by hand, once; these are made of torch's
own operations, for inner loops that are differentiated through. Activations have the batch last,
(E, C, L, N): every copy of an unfolding moves whole rows of N numbers.

Shapes: E members (1 where all share an input), N batch, C and O channels, L positions, M positions
of a result, k taps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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
    spread: Tensor = _Unfold.apply(x, Windows(x.shape[2], kernel, stride, padding))  # type: ignore[no-untyped-call]
    columns = spread.flatten(3).flatten(1, 2)  # (E or 1, C k, M N)
    if len(columns) == 1 and members > 1:  # one product: all members' kernels are rows of it
        out = (weight.flatten(2).flatten(0, 1) @ columns[0]).view(members, outputs, -1)
    else:
        out = torch.bmm(weight.flatten(2), columns)
    if bias is not None:
        out = out + bias[:, :, None]
    return out.view(members, outputs, spread.shape[3], -1)


def max_pool(x: Tensor, kernel: int, stride: int, padding: int = 0) -> Tensor:
    """Return the largest of every window: (E, C, L, N) to (E, C, M, N); of equals the first.

    Where it stands is found without a graph; its value is gathered, which differentiates twice.
    A window with a NaN gives NaN, as torch's does: what is not finite is to be seen.
    """
    places = Windows(x.shape[2], kernel, stride, padding)
    with torch.no_grad():
        padded = F.pad(x, (0, 0, padding, padding), value=float("-inf")) if padding else x
        best = places.tap(padded, 0)
        where = torch.zeros(best.shape, dtype=torch.uint8, device=x.device)  # an eighth of int64
        for k in range(1, kernel):
            tap = places.tap(padded, k)
            wins = (tap > best) | tap.isnan()
            where = torch.maximum(where, wins.view(torch.uint8) * k)  # a later one wins
            best = torch.maximum(best, tap)
        starts = torch.arange(places.positions, device=x.device) * stride - padding
        where = (where + starts[:, None]).clamp_(min=0)  # all of a window -inf, like its padding
    return x.gather(2, where)


def average_pool(x: Tensor, kernel: int, stride: int, padding: int = 0) -> Tensor:
    """Return the mean of every window, zeros beyond the ends: (E, C, L, N) to (E, C, M, N)."""
    taps: Tensor = _Unfold.apply(x, Windows(x.shape[2], kernel, stride, padding))  # type: ignore[no-untyped-call]
    return taps.mean(2)


@dataclass(frozen=True)
class Windows:
    """Windows of `kernel` taps over L positions with zeros beyond the ends.

    Raises:
        ValueError: there is no place for one.
    """

    length: int
    kernel: int
    stride: int
    padding: int

    def __post_init__(self) -> None:
        if self.positions < 1:
            room = self.length + 2 * self.padding
            raise ValueError(f"kernel={self.kernel}: longer than {room} positions with padding")

    @property
    def positions(self) -> int:
        """How many windows there are."""
        return (self.length + 2 * self.padding - self.kernel) // self.stride + 1

    def tap(self, padded: Tensor, k: int) -> Tensor:
        """Return the k-th number of every window, a view (E, C, M, N)."""
        reach = self.stride * (self.positions - 1) + 1
        return padded[:, :, k : k + reach : self.stride]


class _Unfold(torch.autograd.Function):
    """All taps of all windows, (E, C, L, N) to (E, C, k, M, N); linear, and so is its adjoint.

    Each is the other's gradient, so that any derivative is one of both. Autograd's own way, k
    slices, would fill and add k arrays of zeros.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, windows: Windows) -> Tensor:
        """Return the taps."""
        ctx.windows = windows
        pad = windows.padding
        padded = F.pad(x, (0, 0, pad, pad)) if pad else x
        return torch.stack([windows.tap(padded, k) for k in range(windows.kernel)], dim=2)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """Return the gradient by x."""
        found: Tensor = _Fold.apply(gradient, ctx.windows)  # type: ignore[no-untyped-call]
        return found, None


class _Fold(torch.autograd.Function):
    """The sum over all windows of what falls on each position: the adjoint of `_Unfold`."""

    @staticmethod
    def forward(ctx: Any, taps: Tensor, windows: Windows) -> Tensor:
        """Return (E, C, L, N) of taps (E, C, k, M, N)."""
        ctx.windows = windows
        members, channels, _, _, rows = taps.shape
        pad = windows.padding
        whole = taps.new_zeros(members, channels, windows.length + 2 * pad, rows)
        for k in range(windows.kernel):
            windows.tap(whole, k).add_(taps[:, :, k])
        return whole[:, :, pad : pad + windows.length].contiguous()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """Return the gradient by the taps."""
        found: Tensor = _Unfold.apply(gradient, ctx.windows)  # type: ignore[no-untyped-call]
        return found, None
