"""What the fast supernet computes in C: stages of depthwise convolutions, mixes, and nodes.

Each is one function of torch, differentiable once; `functions.c` has the arithmetic. Values are
contiguous matrices (M, C) in float32 on the CPU, channels innermost; C is a multiple of four. They
run in as many threads as torch does, and give the same bits in any number of them.

Shapes: N batch, C channels, M = N H W or N L rows, K convolutions.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from harness.training import compiler
from papers.cells.network.fast.depthwise import Grid, Window, strided
from papers.cells.network.fast.kernels import first_order

WIDTHS = {  # floats in a vector, a library for each: what its compiler is told
    16: ("-DV=16", "-march=x86-64-v4"),  # products 1.4 to 1.8 times as fast as by 8, on a Xeon
    8: (),
    4: ("-DV=4",),
}
KERNELS = (3, 5, 7)  # sizes of depthwise kernels
SIGNATURES = {  # how many numbers begin the arguments, and how many addresses follow
    "stage_forward": (3, 7),
    "stage_backward": (3, 11),
    "mix_forward": (4, 3),
    "mix_backward": (4, 6),
    "node_forward": (4, 4),
    "node_backward": (4, 6),
}


def widths() -> list[int]:
    """Return the widths that the instruction set has which torch runs with, the widest first."""
    wide = torch.backends.cpu.get_cpu_capability() == "AVX512"
    return [width for width in WIDTHS if width <= 8 or wide]


@cache
def library(width: int) -> ctypes.CDLL:
    """Return the functions for channels that are a multiple of `width`; built where they are not.

    Raises:
        Refused: they cannot be built here; see `compiler.load`.
    """
    built = compiler.load(Path(__file__).parent, *WIDTHS[width])
    for name, (numbers, addresses) in SIGNATURES.items():
        function = getattr(built, name)
        function.argtypes = [ctypes.c_long] * numbers + [ctypes.c_void_p] * addresses
        function.restype = ctypes.c_int
    return built


def call(name: str, channels: int, *given: Any) -> None:
    """Call a C function with numbers, arrays, and the addresses of tensors; None is no address.

    Raises:
        MemoryError: there is no memory for its scratch.
    """
    width = next(width for width in widths() if channels % width == 0)
    plain = [item.data_ptr() if isinstance(item, Tensor) else item for item in given]
    if getattr(library(width), name)(*plain):
        raise MemoryError(f"{name}: no memory for {channels} channels")


def addresses(tensors: Sequence[Tensor]) -> Any:
    """Return an array of the addresses of tensors."""
    return (ctypes.c_void_p * len(tensors))(*[tensor.data_ptr() for tensor in tensors])


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


class Stage(torch.autograd.Function):
    """Depthwise convolutions, each centred, and the products of its channels."""

    @staticmethod
    def forward(
        ctx: Any,
        at: Grid,
        given: tuple[Window, ...],
        x: Tensor,
        factors: Tensor | None,
        *kernels: Tensor,
    ) -> tuple[Tensor, ...]:
        """Return G (K, C, C) and K values d (M', C).

        x (M, C) is rectified on its way, for all; or (K, M, C), one for each. `factors` (K, C)
        multiply the kernels (C, 1, ...): what relu(a y) = a relu(y) brings into them.
        """
        count, channels, flat = len(given), x.shape[-1], all(w.kernel[1] == 1 for w in given)
        n, h, w = strided(at, given[0].stride)
        d = x.new_empty(count, n * h * w, channels)
        products = x.new_empty(count, channels, channels)
        shape = grid(at, channels, flat), windows(given, flat)
        ctx.given = count, int(x.dim() == 2), torch.get_num_threads(), *shape
        call("stage_forward", channels, *ctx.given, x, addresses(kernels), factors, d, products)
        ctx.save_for_backward(x, factors, d, *kernels)
        return products, *d.unbind()

    @staticmethod
    @first_order
    def backward(ctx: Any, products: Tensor, *values: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of x, factors and kernels."""
        x, factors, d, *kernels = ctx.saved_tensors
        own = [torch.empty_like(kernel) for kernel in kernels]
        back, slopes = torch.empty_like(x), None if factors is None else torch.empty_like(factors)
        known, products = [value.contiguous() for value in values], products.contiguous()
        arriving = x, addresses(kernels), factors, d, addresses(known), products
        call("stage_backward", x.shape[-1], *ctx.given, *arriving, back, addresses(own), slopes)
        return None, None, back, slopes, *own


class Mix(torch.autograd.Function):
    """What lies between the two blocks of separable convolutions."""

    @staticmethod
    def forward(ctx: Any, *tensors: Tensor) -> Tensor:
        """Return relu(d P'), (K, M, C), of K values d (M, C) and then K maps P (C, C)."""
        count, (rows, channels) = len(tensors) // 2, tensors[0].shape
        result = tensors[0].new_empty(count, rows, channels)
        ctx.given = count, torch.get_num_threads(), rows, channels
        both = addresses(tensors[:count]), addresses(tensors[count:])
        call("mix_forward", channels, *ctx.given, *both, result)
        ctx.save_for_backward(*tensors, result)
        return result

    @staticmethod
    @first_order
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, ...]:
        """Return the gradients of values and maps."""
        count, _, _, channels = ctx.given
        *saved, result = ctx.saved_tensors
        back = [torch.empty_like(tensor) for tensor in saved]
        given = addresses(saved[:count]), addresses(saved[count:]), result, gradient.contiguous()
        both = addresses(back[:count]), addresses(back[count:])
        call("mix_backward", channels, *ctx.given, *given, *both)
        return tuple(back)


class Node(torch.autograd.Function):
    """A node: the sum of d W' over all that arrives."""

    @staticmethod
    def forward(ctx: Any, *tensors: Tensor) -> Tensor:
        """Sum as many values (M, C_i) as maps, (C, C_i) or diagonals (C), to (M, C)."""
        tensors = tuple(tensor.contiguous() for tensor in tensors)
        count = len(tensors) // 2
        values, maps = tensors[:count], tensors[count:]
        rows, channels = len(values[0]), len(maps[0])
        sizes = [linear.shape[1] if linear.dim() == 2 else 0 for linear in maps]
        wide = (ctypes.c_int * count)(*sizes)
        ctx.given = count, torch.get_num_threads(), rows, channels, wide
        result = values[0].new_empty(rows, channels)
        call("node_forward", channels, *ctx.given, addresses(values), addresses(maps), result)
        ctx.save_for_backward(*tensors)
        return result

    @staticmethod
    @first_order
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, ...]:
        """Return the gradients of values and maps."""
        saved, (count, _, _, channels, _) = ctx.saved_tensors, ctx.given
        back = [torch.empty_like(tensor) for tensor in saved]
        given = addresses(saved[:count]), addresses(saved[count:]), gradient.contiguous()
        both = addresses(back[:count]), addresses(back[count:])
        call("node_backward", channels, *ctx.given, *given, *both)
        return tuple(back)
