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
from papers.cells.network.fast.depthwise import Window, strided
from papers.cells.network.operations import FactorizedReduce, parameter
from papers.cells.supernet import node_fast
from papers.cells.supernet.layouts import ImageLayout
from papers.cells.supernet.node import MixedCell, Weights, check
from papers.cells.supernet.node_fast import Active, Arrival, FastSupernet
from papers.cells.supernet.node_fast_c import functions
from papers.cells.supernet.node_fast_c.functions import Centred, Convolved, Node, Pooled, Task

NARROWEST = functions.WIDTHS[-1]
_torch_form = FastSupernet.forward
_windows: WeakKeyDictionary[nn.Module, Window] = WeakKeyDictionary()


@contextmanager
def compiled() -> Iterator[None]:
    """Let every fast supernet of this process run with compiled kernels, while inside.

    Raises:
        Refused: they cannot be built here.
    """
    functions.library()
    before = FastSupernet.forward
    FastSupernet.forward = forward  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        FastSupernet.forward = before  # type: ignore[method-assign]


def forward(
    net: FastSupernet, x: Tensor, normal: Weights, reduce: Weights, hard: bool = False
) -> Tensor:
    """Map (N, inputs, ...) to logits (N, K), as the torch form does; it takes what is not float32.

    Raises:
        Refused: a number of channels that is no multiple of four.
    """
    if x.dtype != torch.float32 or x.device.type != "cpu":
        return _torch_form(net, x, normal, reduce, hard)
    if net.design.channels % NARROWEST:
        raise Refused(
            f"channels={net.design.channels}: --kernels c takes multiples of {NARROWEST}; "
            "leave it out"
        )
    for reduction, weights in ((False, normal), (True, reduce)):
        check(net.design.operations(reduction), weights)
    before = last = Layout.of(net.stem(x))
    for cell in net.mixed_cells():
        weights = reduce if cell.reduction else normal
        leaving = node_fast.active(cell, weights, hard)
        before, last = last, run_cell(cell, before, last, leaving)
    logits: Tensor = net.head(last.mean())
    return logits


@dataclass(frozen=True)
class Layout(ImageLayout):
    """A node's value (M, C), with compiled functions."""

    @classmethod
    def of(cls, x: Tensor) -> Layout:
        """Return images (N, C, H, W), or signals (N, C, L), as a source."""
        plain = ImageLayout.of(x)
        return cls(plain.value, plain.grid, plain.dim)

    def next(self, value: Tensor) -> Layout:
        """Return a value at the other end of the edges."""
        return Layout(value, strided(self.grid, self.stride), self.dim)

    def pool(self, kind: str) -> Tensor:
        """Return the value pooled over 3x3 positions; a border counts what is inside."""
        given = (self.grid, self.stride, kind == "max_pool_3x3", self.value)
        result: Tensor = Pooled.apply(*given)  # type: ignore[no-untyped-call]
        return result

    @staticmethod
    def gather(values: Sequence[Tensor], maps: Sequence[Tensor]) -> Tensor:
        """Return the sum of d W'."""
        result: Tensor = Node.apply(*values, *maps)  # type: ignore[no-untyped-call]
        return result


def run_cell(
    cell: MixedCell, s0: Layout, s1: Layout, leaving: Sequence[Sequence[Active]]
) -> Layout:
    """Map the outputs of the two cells before to all nodes side by side, (M, nodes C)."""
    sources = [preprocess(cell.preprocess0, s0), preprocess(cell.preprocess1, s1)]
    if cell.reduction:
        sources = [halved(source) for source in sources]
    first = sources[0]
    arrivals = leave(first, leaving[0]) + leave(sources[1], leaving[1])
    for node in range(2, cell.nodes + 2):
        own = [arrival for arrival in arrivals if arrival.target == node]
        values, maps = [a.value for a in own], [a.linear for a in own]
        sources.append(first.next(first.gather(values, maps) if own else first.zeros()))
        if node <= cell.nodes:
            arrivals += leave(sources[-1], leaving[node])
    return first.next(first.joined([source.value for source in sources[2:]]))


def halved(source: Layout) -> Layout:
    """Return a source whose edges halve the size."""
    return Layout(source.value, source.grid, source.dim, (2, source.dim))


def preprocess(module: nn.Module, source: Layout) -> Layout:
    """Bring a cell's output to this cell's channels, and size; normalise."""
    if isinstance(module, FactorizedReduce):
        source = halved(source)
        value = source.mix(node_fast.two_in_one(module), source.halves)
    else:
        assert isinstance(module, nn.Sequential)
        value = source.mix(node_fast.pointwise(module[1]), source.rectified)
    d, factors = Centred.apply(value)  # type: ignore[no-untyped-call]
    return source.next(source.gather([d], [factors]))


def leave(source: Layout, ops: Sequence[Active]) -> list[Arrival]:
    """Compute everything that leaves one node."""
    deep = [op for op in ops if op.blocks]
    result = convolved(source, deep) if deep else []
    for name in node_fast.POOLS:
        own = [op for op in ops if op.name == name]
        if own:
            d, factors = Centred.apply(source.pool(name))  # type: ignore[no-untyped-call]
            result += [Arrival(op.target, d, op.weighted(factors)) for op in own]
    rest = [op for op in ops if not op.blocks and op.name not in node_fast.POOLS]
    return result + node_fast.leave(source, rest)


def convolved(source: Layout, ops: Sequence[Active]) -> list[Arrival]:
    """Compute separable and dilated convolutions, all in one call."""
    parts = [list(op.module.children()) for op in ops]
    deep = [part for part in parts if len(part) > 4]
    seconds = [window(part[5]) if len(part) > 4 else None for part in parts]
    task = Task(source.grid, tuple(window(part[1]) for part in parts), tuple(seconds))
    own = [parameter(part[place]) for place in (1, 2) for part in parts]
    own += [parameter(part[place]) for place in (5, 6) for part in deep]
    shares = [op.weight for op in ops if op.weight is not None]
    weights = torch.stack(shares) if shares else None
    found = Convolved.apply(task, source.value, weights, *own)  # type: ignore[no-untyped-call]
    pairs = zip(ops, found[: len(ops)], found[len(ops) :], strict=True)
    return [Arrival(op.target, value, linear) for op, value, linear in pairs]


def window(conv: nn.Module) -> Window:
    """Return the window of a convolution, looked up once; its kernel has 3, 5 or 7 positions."""
    if conv not in _windows:
        own = Window.of(conv)
        assert own.kernel[0] in functions.KERNELS
        _windows[conv] = own
    return _windows[conv]
