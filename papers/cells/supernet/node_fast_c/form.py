"""Fast supernets with compiled kernels: `compiled()` puts them in place of the torch form.

Signals are images of one column here: their own layout is torch's alone. Factorized reductions and
foreign operations stay torch's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from harness.paper import Refused
from papers.cells.network.fast.depthwise import Grid, Window, strided
from papers.cells.network.operations import parameter
from papers.cells.supernet import node_fast
from papers.cells.supernet.layouts import ImageLayout
from papers.cells.supernet.node_fast import (
    Active,
    Arrival,
    FastSupernet,
    Parts,
    Source,
    pointwise,
    scale,
)
from papers.cells.supernet.node_fast_c import functions
from papers.cells.supernet.node_fast_c.functions import Mix, Node, Stage

NARROWEST = min(functions.WIDTHS)
_torch_source = FastSupernet.source
_windows: WeakKeyDictionary[nn.Module, Window] = WeakKeyDictionary()


@contextmanager
def compiled() -> Iterator[None]:
    """Let every fast supernet of this process run with compiled kernels, while inside.

    Raises:
        Refused: they cannot be built here.
    """
    for width in functions.widths():
        functions.library(width)
    before = FastSupernet.source, FastSupernet.fewest
    FastSupernet.source = source  # type: ignore[method-assign, assignment]
    FastSupernet.fewest = 1  # the loop is never ahead of them
    try:
        yield
    finally:
        FastSupernet.source, FastSupernet.fewest = before  # type: ignore[method-assign]


def source(net: FastSupernet, stem: Tensor) -> Source:
    """Return what the stem gave as a source of compiled functions; of torch's, if not float32.

    Raises:
        Refused: a number of channels that is no multiple of four.
    """
    if stem.dtype != torch.float32 or stem.device.type != "cpu":
        return _torch_source(net, stem)
    if net.design.channels % NARROWEST:
        raise Refused(
            f"channels={net.design.channels}: --kernels c takes multiples of {NARROWEST}; "
            "leave it out"
        )
    return Layout.of(stem)


@dataclass(frozen=True)
class Layout(ImageLayout):
    """A node's value (M, C), with compiled functions."""

    @staticmethod
    def gather(values: Sequence[Tensor], maps: Sequence[Tensor]) -> Tensor:
        """Return the sum of d W'."""
        result: Tensor = Node.apply(*values, *maps)  # type: ignore[no-untyped-call]
        return result


@node_fast.convolved.register
def _(source: Layout, ops: Sequence[Active]) -> Iterator[Arrival]:
    """Compute separable and dilated convolutions: all first blocks, then all second ones."""
    parts = [list(op.module.children()) for op in ops]
    shares = [op.weight for op in ops if op.weight is not None]
    weights = torch.stack(shares)[:, None, None] if shares else None
    first = [(part[1], part[2]) for part in parts]
    one = stage(source.grid, source.value, None, first, weights)
    for op, value, linear in zip(ops, one.values, one.maps, strict=True):
        if op.blocks == 1:
            yield Arrival(op.target, value, linear)
    twice = [k for k, op in enumerate(ops) if op.blocks == 2]
    if twice:
        mixing = [pointwise(parts[k][2]) for k in twice]
        inner: Tensor = Mix.apply(*[one.values[k] for k in twice], *mixing)  # type: ignore[no-untyped-call]
        after = strided(source.grid, source.stride)
        second = [(parts[k][5], parts[k][6]) for k in twice]
        some = None if weights is None else weights[twice]
        two = stage(after, inner, one.factors[twice], second, some)
        for k, value, linear in zip(twice, two.values, two.maps, strict=True):
            yield Arrival(ops[k].target, value, linear)


@dataclass(frozen=True)
class Blocks:
    """K depthwise blocks: centred values (M, C), factors (K, C) of batch norms, maps (K, C, C)."""

    values: Sequence[Tensor]
    factors: Tensor
    maps: Tensor  # that normalise, weighted


def stage(
    grid: Grid, x: Tensor, factors: Tensor | None, convs: Parts, weights: Tensor | None
) -> Blocks:
    """Compute one stage; `factors` (K, C) belong to the channels of the inputs.

    `weights` (K, 1, 1): in the sum; none: 1.
    """
    own = [parameter(spatial) for spatial, _ in convs]
    given = tuple(window(spatial) for spatial, _ in convs)
    products, *values = Stage.apply(grid, given, x, factors, *own)  # type: ignore[no-untyped-call]
    linear = torch.stack([pointwise(mixing) for _, mixing in convs])
    scales = scale(products, linear, len(values[0]))
    normal = linear * scales[..., None]
    return Blocks(values, scales, normal if weights is None else normal * weights)


def window(conv: nn.Module) -> Window:
    """Return the window of a convolution, looked up once; its kernel has 3, 5 or 7 positions."""
    if conv not in _windows:
        own = Window.of(conv)
        assert own.kernel[0] in functions.KERNELS
        _windows[conv] = own
    return _windows[conv]
