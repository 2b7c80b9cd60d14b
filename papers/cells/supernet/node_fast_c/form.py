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
from papers.cells.network.fast.depthwise import Window
from papers.cells.network.operations import parameter
from papers.cells.supernet import node_fast
from papers.cells.supernet.layouts import ImageLayout
from papers.cells.supernet.node_fast import Active, Arrival, FastSupernet, Source
from papers.cells.supernet.node_fast_c import functions
from papers.cells.supernet.node_fast_c.functions import Centred, Convolved, Node, Pooled, Task

NARROWEST = functions.WIDTHS[-1]
_torch_source = FastSupernet.source
_windows: WeakKeyDictionary[nn.Module, Window] = WeakKeyDictionary()


@contextmanager
def compiled() -> Iterator[None]:
    """Let every fast supernet of this process run with compiled kernels, while inside.

    Raises:
        Refused: they cannot be built here.
    """
    functions.library()
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

    def pool(self, kind: str) -> Tensor:
        """Return the value pooled over 3x3 positions; a border counts what is inside."""
        given = (self.grid, self.stride, kind == "max_pool_3x3", self.value)
        result: Tensor = Pooled.apply(*given)  # type: ignore[no-untyped-call]
        return result

    def normalised(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the centred value, and the factors (C) that normalise each channel by itself."""
        d, factors = Centred.apply(x)  # type: ignore[no-untyped-call]
        return d, factors

    @staticmethod
    def gather(values: Sequence[Tensor], maps: Sequence[Tensor]) -> Tensor:
        """Return the sum of d W'."""
        result: Tensor = Node.apply(*values, *maps)  # type: ignore[no-untyped-call]
        return result


@node_fast.convolved.register
def _(source: Layout, ops: Sequence[Active]) -> Iterator[Arrival]:
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
    yield from (Arrival(op.target, value, linear) for op, value, linear in pairs)


def window(conv: nn.Module) -> Window:
    """Return the window of a convolution, looked up once; its kernel has 3, 5 or 7 positions."""
    if conv not in _windows:
        own = Window.of(conv)
        assert own.kernel[0] in functions.KERNELS
        _windows[conv] = own
    return _windows[conv]
