"""Doubling the sides and convolving, in one product: the generator's hot path on a CPU.

Nearest upsampling by two, a reflected border and 3 taps read every number of x several times: seen
from x, each of the four (in one dimension: two) results over a place is a sum over 2 x 2 (2)
neighbours, whose weights are sums of the taps' (after upsampling, a reflected border repeats x's
own edge). So all results over a place are one product with half of the multiply-adds, and nothing
is upsampled or unfolded. Rows of a batch are last in memory, where products are long.

Its gradient is written by hand, once: what is generated is not differentiated twice.

Shapes: H W sides of x (H is 1 for a signal), C channels, O outputs, P phases (results over a
place), R taps of rows (2; 1 for a signal), N rows of a batch.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

# of a pair of results: which of the 3 taps fall on the first neighbour, which on the second
TAPS = (((1.0, 0.0, 0.0), (0.0, 1.0, 1.0)), ((1.0, 1.0, 0.0), (0.0, 0.0, 1.0)))


def doubled(x: Tensor, weight: Tensor) -> Tensor:
    """Return x (H, W, C, N), doubled and convolved: (2H, 2W, O, N); of a signal (1, 2W, O, N).

    `weight` is (O, C, 3, 3), or (O, C, 3) for a signal.
    """
    made: Tensor = _Doubled.apply(x, merged(weight))  # type: ignore[no-untyped-call]
    return made


def merged(weight: Tensor) -> Tensor:
    """Return the taps by neighbour: (O, C, 3, ...) -> (R, P O, 2 C)."""
    taps = weight.new_tensor(TAPS)  # (phase, neighbour, tap)
    outputs, channels = weight.shape[:2]
    if weight.dim() == 3:
        by = torch.einsum("qsx,ocx->qosc", taps, weight)
        return by.reshape(1, 2 * outputs, 2 * channels)
    by = torch.einsum("pry,qsx,ocyx->rpqosc", taps, taps, weight)
    return by.reshape(2, 4 * outputs, 2 * channels)


class _Places:
    """Where pairs of neighbours stand in x with its edges repeated, and results over them.

    A row of places has one that joins the end of a row to the beginning of the next: it is
    computed, so that all places lie at one distance, and never read.
    """

    def __init__(self, sides: tuple[int, int], taps: int) -> None:
        self.sides, self.taps = sides, taps
        self.wide = sides[1] + 2
        self.count = (sides[0] + taps - 1) * self.wide - 1

    def edged(self, x: Tensor) -> Tensor:
        """Return x with its edges repeated: rows only where there are two taps of them."""
        high, across = self.sides
        top = self.taps - 1
        whole = x.new_empty(high + 2 * top, across + 2, *x.shape[2:])
        whole[top : top + high, 1:-1] = x
        if top:
            whole[0, 1:-1], whole[-1, 1:-1] = x[0], x[-1]
        whole[:, 0], whole[:, -1] = whole[:, 1], whole[:, -2]
        return whole

    def inner(self, whole: Tensor) -> Tensor:
        """Add what fell on repeated edges to the edges: the adjoint of `edged`, in place."""
        whole[:, 1] += whole[:, 0]
        whole[:, -2] += whole[:, -1]
        if self.taps == 1:
            return whole[:, 1:-1]
        whole[1] += whole[0]
        whole[-2] += whole[-1]
        return whole[1:-1, 1:-1]

    def pairs(self, whole: Tensor, tap: int) -> Tensor:
        """Return two neighbours of every place, in row `tap` of it: a view (places, 2 C, N)."""
        channels, rows = whole.shape[2:]
        step = channels * rows
        size, strides = (self.count, 2 * channels, rows), (step, rows, 1)
        return whole.as_strided(size, strides, whole.storage_offset() + tap * self.wide * step)

    def phase(self, over: Tensor, row: int, column: int, outputs: int) -> Tensor:
        """Return the results of one phase: a view (H, W, O, N) of (places, P O, N)."""
        all_outputs, rows = over.shape[1:]
        step = all_outputs * rows
        offset = (row * self.wide + column) * step + (2 * row + column) * outputs * rows
        high, across = self.sides
        size, strides = (high, across, outputs, rows), (self.wide * step, step, rows, 1)
        return over.as_strided(size, strides, over.storage_offset() + offset)


class _Doubled(torch.autograd.Function):
    """(x (H, W, C, N), merged weights (R, P O, 2 C)) -> (R H, 2W, O, N)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        """Return the results, phases side by side."""
        high, across, _, rows = x.shape
        taps, outputs = len(weight), weight.shape[1] // (2 * len(weight))
        places = _Places((high, across), taps)
        whole = places.edged(x)
        over = torch.bmm(weight[0].expand(places.count, -1, -1), places.pairs(whole, 0))
        if taps == 2:
            over.baddbmm_(weight[1].expand(places.count, -1, -1), places.pairs(whole, 1))
        ctx.save_for_backward(whole, weight)
        ctx.places, ctx.outputs = places, outputs
        made = x.new_empty(high, taps, across, 2, outputs, rows)
        for row in range(taps):
            for column in range(2):
                made[:, row, :, column] = places.phase(over, row, column, outputs)
        return made.view(high * taps, across * 2, outputs, rows)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor]:
        """Return the gradients of x and of the merged weights."""
        whole, weight = ctx.saved_tensors
        places, outputs, taps = ctx.places, ctx.outputs, len(weight)
        (high, across), channels, rows = places.sides, whole.shape[2], whole.shape[3]
        over = gradient.new_zeros(places.count + 1, weight.shape[1], rows)
        apart = gradient.reshape(high, taps, across, 2, outputs, rows)
        for row in range(taps):
            for column in range(2):
                places.phase(over, row, column, outputs).copy_(apart[:, row, :, column])
        over = over[:-1]
        pairs = [places.pairs(whole, tap).transpose(1, 2) for tap in range(taps)]
        by_weight = torch.stack([torch.bmm(over, pair).sum(0) for pair in pairs])
        if not ctx.needs_input_grad[0]:
            return None, by_weight
        by_x = torch.zeros_like(whole).flatten(0, 1)
        for tap in range(taps):
            fallen = torch.bmm(weight[tap].t().expand(places.count, -1, -1), over)
            first = tap * places.wide
            by_x[first : first + places.count] += fallen[:, :channels]
            by_x[first + 1 : first + 1 + places.count] += fallen[:, channels:]
        return places.inner(by_x.view_as(whole)), by_weight
