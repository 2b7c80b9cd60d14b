"""The operations of a reduction cell that is made by hand: `papers.cells.space.hand_made`.

Dong & Yang 2019, arXiv:1910.04465, GDAS (FRC), as in the authors' code. No other cell has them:
they can be built within `available()` only.

Shapes: N batch, C channels, H W space.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn

from harness.paper import Refused
from papers.cells.network.operations import MAX, PRIMITIVES, Place, convolution
from papers.cells.space.hand_made import CONVOLUTION, GROUPS, NOTHING, POOLING


def grouped(place: Place) -> nn.Sequential:
    """Return ReLU, 1x3 and 3x1 convolution in groups, batch norm; ReLU, 1x1, batch norm."""
    if place.dim != 2:
        raise Refused(f"{CONVOLUTION}: exists in two dimensions only")
    if place.channels % GROUPS:
        near = max(GROUPS, round(place.channels / GROUPS) * GROUPS)
        raise Refused(
            f"channels={place.channels}: {CONVOLUTION} has {GROUPS} groups; the nearest is {near}"
        )
    both, s = (place.channels, place.channels), place.stride
    wide = nn.Conv2d(*both, (1, 3), (1, s), (0, 1), groups=GROUPS, bias=False)
    high = nn.Conv2d(*both, (3, 1), (s, 1), (1, 0), groups=GROUPS, bias=False)
    mixing = convolution(place.dim, both, 1)
    return nn.Sequential(
        nn.ReLU(), wide, high, place.norm(), nn.ReLU(), mixing, place.norm()
    )  # fmt: skip


def normed(place: Place) -> nn.Sequential:
    """Return pooling and a batch norm, in every network; it has weights where others have."""
    return nn.Sequential(MAX[place.dim](3, stride=place.stride, padding=1), place.norm())


class Nothing(nn.Identity):
    """Zeros, where a node of a discrete cell has one operation only.

    An identity of nothing: no path that could be dropped ends here.
    """

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, ...) to zeros of the size that an operation of this stride has."""
        sizes = [(size - 1) // self.stride + 1 for size in x.shape[2:]]
        return x.new_zeros(1).expand(*x.shape[:2], *sizes)


OPERATIONS = {CONVOLUTION: grouped, POOLING: normed, NOTHING: lambda place: Nothing(place.stride)}


@contextmanager
def available() -> Iterator[None]:
    """Let cells with these operations be built, of whatever network, until the block ends."""
    added = OPERATIONS.keys() - PRIMITIVES.keys()  # none, within another such block
    PRIMITIVES.update(OPERATIONS)
    try:
        yield
    finally:
        for name in added:
            del PRIMITIVES[name]
