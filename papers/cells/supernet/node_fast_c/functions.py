"""What the fast supernet computes in C: the convolutions that leave a node, a node, a centring.

Each is one function of torch, differentiable once; `depthwise.h` and `node.h` have the arithmetic.
Values are contiguous matrices (M, C) in float32 on the CPU, channels innermost; C is a multiple of
four.

Shapes: N batch, C channels, M = N H W or N L rows, K convolutions, O operations.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from harness.training import compiler
from papers.cells.network.fast.depthwise import Grid, Window
from papers.cells.network.fast.kernels import first_order

WIDTHS = (8, 4)  # floats in a vector; a library has every function for both
KERNELS = (3, 5, 7)  # sizes of depthwise kernels
PLAIN = {"i": ctypes.c_int, "l": ctypes.c_long}
SIGNATURES = {  # i: int, l: long, and how many addresses follow
    "stage_forward": ("iii", 7),
    "stage_backward": ("iii", 11),
    "mix_forward": ("ili", 3),
    "mix_backward": ("ili", 6),
    "maps_forward": ("ili", 5),
    "maps_backward": ("ili", 9),
    "node_forward": ("ili", 4),
    "node_backward": ("ili", 6),
    "centre_forward": ("li", 3),
    "centre_backward": ("li", 5),
    "pool_forward": ("iii", 3),
    "pool_backward": ("iii", 4),
}


@cache
def library() -> ctypes.CDLL:
    """Return the compiled functions, built where they are not yet.

    Raises:
        Refused: they cannot be built here; see `compiler.load`.
    """
    built = compiler.load(Path(__file__).parent)
    for name, (numbers, addresses) in SIGNATURES.items():
        for width in WIDTHS:
            function = getattr(built, f"{name}_{width}")
            function.argtypes = [PLAIN[kind] for kind in numbers] + [ctypes.c_void_p] * addresses
            function.restype = ctypes.c_int
    return built


def call(name: str, channels: int, *given: Any) -> None:
    """Call a C function with numbers, arrays, and the addresses of tensors; None is no address.

    Raises:
        MemoryError: there is no memory for its scratch.
    """
    width = next(width for width in WIDTHS if channels % width == 0)
    plain = [item.data_ptr() if isinstance(item, Tensor) else item for item in given]
    if getattr(library(), f"{name}_{width}")(*plain):
        raise MemoryError(f"{name}: no memory for {channels} channels")


def addresses(tensors: Sequence[Tensor | None]) -> Any:
    """Return an array of the addresses of tensors, null for None."""
    found = [None if tensor is None else tensor.data_ptr() for tensor in tensors]
    return (ctypes.c_void_p * len(found))(*found)


@dataclass(frozen=True)
class Task:
    """What the convolutions that leave a node are: the node's grid, and each one's windows.

    `first`: of the only or the first block; `second`: of the second block, where there is one.
    """

    grid: Grid
    first: tuple[Window, ...]
    second: tuple[Window | None, ...]

    @property
    def twice(self) -> list[int]:
        """The numbers of the convolutions with two blocks."""
        return [k for k, window in enumerate(self.second) if window is not None]

    @property
    def after(self) -> Grid:
        """The grid behind the first block."""
        (n, h, w), (sh, sw) = self.grid, self.first[0].stride
        return n, (h - 1) // sh + 1, (w - 1) // sw + 1


@lru_cache(maxsize=4096)
def windows(given: tuple[Window, ...], flat: bool) -> Any:
    """Return windows as C reads them; where a grid is `flat`, heights are widths (see `grid`)."""
    numbers: list[int] = []
    for w in given:
        for pair in (w.kernel, w.stride, w.padding, w.dilation):
            numbers += reversed(pair) if flat else pair
    return (ctypes.c_int * len(numbers))(*numbers)


@lru_cache(maxsize=1024)
def grid(given: Grid, channels: int, flat: bool) -> Any:
    """Return a grid as C reads it: signals, which are columns here, are `flat` there, as rows."""
    n, h, w = given
    h, w = (w, h) if flat else (h, w)
    return (ctypes.c_int * 4)(n, h, w, channels)


class Stage:
    """One stage of K depthwise convolutions: forward, and all its gradients."""

    def __init__(
        self, at: Grid, given: Sequence[Window], x: Tensor, kernels: Sequence[Tensor]
    ) -> None:
        """Take the input: x (M, C) for all, rectified on its way, or (K, M, C), one for each."""
        self.count, self.channels, self.x, self.kernels = len(given), x.shape[-1], x, kernels
        self.shared = int(x.dim() == 2)
        flat = all(window.kernel[1] == 1 for window in given)
        shape = grid(at, self.channels, flat), windows(tuple(given), flat)
        self.given = (self.count, self.shared, self.shared, *shape, x, addresses(kernels))

    def forward(self, rows: int, factors: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return d (K, M', C) and G (K, C, C); `factors` (K, C) multiply the kernels."""
        d = self.x.new_empty(self.count, rows, self.channels)
        products = self.x.new_empty(self.count, self.channels, self.channels)
        call("stage_forward", self.channels, *self.given, factors, d, products)
        return d, products

    def backward(
        self,
        d: Tensor,
        factors: Tensor | None,
        gradients: Sequence[Tensor | None],
        products: Tensor,
    ) -> tuple[Tensor, list[Tensor], Tensor | None]:
        """Return the gradients of input, kernels and factors, from those of d and of G."""
        x = torch.empty_like(self.x)
        kernels = [torch.empty_like(kernel) for kernel in self.kernels]
        own = None if factors is None else torch.empty_like(factors)
        arriving = (factors, d, addresses(gradients), products)
        call("stage_backward", self.channels, *self.given, *arriving, x, addresses(kernels), own)
        return x, kernels, own


class Convolved(torch.autograd.Function):
    """All separable and dilated convolutions that leave a node, as values and their maps."""

    @staticmethod
    def forward(
        ctx: Any, task: Task, x: Tensor, weights: Tensor | None, *own: Tensor
    ) -> tuple[Tensor, ...]:
        """Map x (M, C) to O values (M', C), then O maps (C, C) that normalise and weight them.

        `weights` (O): in the sum; none: 1. `own`: depthwise kernels and 1x1 maps (C, C, ...) of
        the first blocks, O and O, then of the second ones.
        """
        count, channels, twice = len(task.first), x.shape[1], task.twice
        n, h, w = task.after
        rows = n * h * w
        spatial, mixing = own[:count], own[count : 2 * count]
        deeper, last = own[2 * count : 2 * count + len(twice)], own[2 * count + len(twice) :]
        one, products = Stage(task.grid, task.first, x, spatial).forward(rows, None)
        factors, maps = mapped(rows, products, mixing, weights)
        values, linear = [*one.unbind()], [*maps.unbind()]
        ctx.task, ctx.set = task, (count, len(twice))
        ctx.set_materialize_grads(False)
        if not twice:
            ctx.save_for_backward(x, weights, *own, one, products, factors)
            return *values, *linear
        inner = x.new_empty(len(twice), rows, channels)
        many = len(twice), rows, channels
        parts = addresses([values[k] for k in twice]), addresses([mixing[k] for k in twice])
        call("mix_forward", channels, *many, *parts, inner)
        # not normalised: relu(a y) = a relu(y), so the factors go into the next kernels
        taken = factors[twice]
        second = [window for window in task.second if window is not None]
        two, squares = Stage(task.after, second, inner, deeper).forward(rows, taken)
        some = None if weights is None else weights[twice]
        scales, maps = mapped(rows, squares, last, some)
        for place, k in enumerate(twice):
            values[k], linear[k] = two[place], maps[place]
        first = (one, products, factors)
        ctx.save_for_backward(x, weights, *own, *first, inner, taken, two, squares, scales)
        return *values, *linear

    @staticmethod
    @first_order
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        """Return the gradients of x, of the weights in the sum, and of all kernels and maps."""
        (x, weights, *saved), (count, deep) = ctx.saved_tensors, ctx.set
        cut = 2 * (count + deep)
        own, (one, products, factors, *more) = saved[:cut], saved[cut:]
        mixing, twice = own[count : 2 * count], ctx.task.twice
        known = [None if g is None else g.contiguous() for g in gradients]
        arriving, maps = known[:count], known[count:]
        slopes: list[Tensor | None] = [None] * count  # of the first blocks' factors
        following: list[Tensor] = []
        shares = None
        if twice:
            second = own[2 * count :]
            given = [arriving[k] for k in twice], [maps[k] for k in twice]
            towards, slope, following, shares = behind(ctx.task, weights, second, more, given)
            for place, k in enumerate(twice):
                slopes[k], maps[k] = slope[place], None
        rows = one.shape[1]
        back, linear, part = unmapped(rows, products, mixing, weights, factors, maps, slopes)
        if twice:
            middle = torch.empty_like(towards)
            picked = [addresses([each[k] for k in twice]) for each in (one, mixing)]
            both = addresses(middle.unbind()), addresses([linear[k] for k in twice])
            many = deep, rows, x.shape[1]
            call("mix_backward", x.shape[1], *many, *picked, more[0], towards, *both)
            for place, k in enumerate(twice):
                arriving[k] = middle[place]
        if part is not None and shares is not None:
            part[twice] += shares  # each weight is that of one map: the other's part is zero
        stage = Stage(ctx.task.grid, ctx.task.first, x, own[:count])
        arrived, kernels, _ = stage.backward(one, None, arriving, back)
        return None, arrived, part, *kernels, *linear, *following


def behind(
    task: Task,
    weights: Tensor | None,
    own: Sequence[Tensor],
    saved: Sequence[Tensor],
    arriving: tuple[Sequence[Tensor | None], Sequence[Tensor | None]],
) -> tuple[Tensor, Tensor, list[Tensor], Tensor | None]:
    """Return the gradients of the second blocks, from those of their values and normal maps.

    They are those of their inputs (K, M, C), of the factors (K, C) in their kernels, of kernels
    and maps one after another, and of the weights in the sum (K).
    """
    inner, taken, two, squares, scales = saved
    count = len(inner)
    some = None if weights is None else weights[task.twice]
    nothing = [None] * count
    back, further, part = unmapped(
        two.shape[1], squares, own[count:], some, scales, arriving[1], nothing
    )
    second = [window for window in task.second if window is not None]
    stage = Stage(task.after, second, inner, own[:count])
    towards, kernels, slope = stage.backward(two, taken, arriving[0], back)
    assert slope is not None
    return towards, slope, [*kernels, *further], part


def mapped(
    rows: int, products: Tensor, maps: Sequence[Tensor], weights: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Return the factors (K, C) of batch norms behind maps, and the maps times those and p."""
    count, channels = products.shape[:2]
    factors, normal = products.new_empty(count, channels), torch.empty_like(products)
    given = count, rows, channels, products, addresses(maps), weights
    call("maps_forward", channels, *given, factors, normal)
    return factors, normal


def unmapped(
    rows: int,
    products: Tensor,
    maps: Sequence[Tensor],
    weights: Tensor | None,
    factors: Tensor,
    normal: Sequence[Tensor | None],
    slopes: Sequence[Tensor | None],
) -> tuple[Tensor, list[Tensor], Tensor | None]:
    """Return the gradients of G, maps and weights from those of normal maps and of factors."""
    count, channels = products.shape[:2]
    back, own = torch.empty_like(products), [torch.empty_like(linear) for linear in maps]
    shares = None if weights is None else torch.empty_like(weights)
    given = count, rows, channels, products, addresses(maps), weights, factors
    arriving = addresses(normal), addresses(slopes)
    call("maps_backward", channels, *given, *arriving, back, addresses(own), shares)
    return back, own, shares


class Node(torch.autograd.Function):
    """A node: the sum of d W' over all that arrives."""

    @staticmethod
    def forward(ctx: Any, *tensors: Tensor) -> Tensor:
        """Sum as many values (M, C_i) as maps, (C, C_i) or diagonals (C), to (M, C)."""
        count = len(tensors) // 2
        values, maps = tensors[:count], tensors[count:]
        rows, channels = len(values[0]), len(maps[0])
        sizes = [linear.shape[1] if linear.dim() == 2 else 0 for linear in maps]
        ctx.given = count, rows, channels, (ctypes.c_int * count)(*sizes)
        values = tuple(value.contiguous() for value in values)
        maps = tuple(linear.contiguous() for linear in maps)
        result = values[0].new_empty(rows, channels)
        call("node_forward", channels, *ctx.given, addresses(values), addresses(maps), result)
        ctx.save_for_backward(*values, *maps)
        return result

    @staticmethod
    @first_order
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, ...]:
        """Return the gradients of values and maps."""
        count, _, channels, _ = ctx.given
        saved = ctx.saved_tensors
        back = [torch.empty_like(tensor) for tensor in saved]
        given = addresses(saved[:count]), addresses(saved[count:]), gradient.contiguous()
        both = addresses(back[:count]), addresses(back[count:])
        call("node_backward", channels, *ctx.given, *given, *both)
        return tuple(back)


class Centred(torch.autograd.Function):
    """A value (M, C) less its mean, and the factors (C) that normalise it."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return d (M, C) and rsqrt(variance + eps), (C)."""
        x = x.contiguous()
        d, factors = torch.empty_like(x), x.new_empty(x.shape[1])
        call("centre_forward", x.shape[1], *x.shape, x, d, factors)
        ctx.save_for_backward(d, factors)
        ctx.set_materialize_grads(False)
        return d, factors

    @staticmethod
    @first_order
    def backward(ctx: Any, value: Tensor | None, slope: Tensor | None) -> Tensor:
        """Return the gradient of x."""
        d, factors = ctx.saved_tensors
        back = torch.empty_like(d)
        known = [None if g is None else g.contiguous() for g in (value, slope)]
        call("centre_backward", d.shape[1], *d.shape, d, factors, *known, back)
        return back


class Pooled(torch.autograd.Function):
    """A value (M, C) pooled over three positions each way, a border counting what is inside."""

    @staticmethod
    def forward(ctx: Any, at: Grid, stride: tuple[int, int], peak: bool, x: Tensor) -> Tensor:
        """Return the means, or with `peak` the largest, (M', C)."""
        n, h, w = at
        down, across = stride
        x = x.contiguous()
        rows = n * ((h - 1) // down + 1) * ((w - 1) // across + 1)
        result = x.new_empty(rows, x.shape[1])
        steps = (across, down) if w == 1 else stride
        ctx.given = int(peak), *steps, grid(at, x.shape[1], w == 1)
        call("pool_forward", x.shape[1], *ctx.given, x, result)
        ctx.save_for_backward(x)
        return result

    @staticmethod
    @first_order
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradient of x; of equal largest ones the first gets it."""
        (x,) = ctx.saved_tensors
        back = torch.empty_like(x)
        call("pool_backward", x.shape[1], *ctx.given, x, gradient.contiguous(), back)
        return None, None, None, back
