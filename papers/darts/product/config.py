"""What the study of the finite-difference product is made of.

[P] the paper (arXiv:1806.09055), [ours] chosen here.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from harness.paper import Refused, one_of, positive, require
from papers.cells.child.config import refuse_shallow
from papers.darts.config import Darts

DATA = ("digits", "mnist1d")
NETWORK_KINDS = ("relu", "smooth", "relu_float32")
STATES = ("initial", "trained")
RADII = tuple(10.0**-power for power in range(8))


@dataclass(frozen=True)
class Radius(Darts):
    """One search network, its product at every radius, before and after some steps of search.

    `kinds`: `relu` is the search network as it is, in float64; `smooth` has the same weights, but
    softplus for ReLU and average pooling for max pooling; `relu_float32` is the first in the
    precision that searches have. `radius` is the paper's; `small` is one at which float64 still
    tells both sides apart and nothing flips between them.
    """

    gradient: str = "first_order"  # [ours] of the search that precedes: it has no product itself
    data: str = "digits"  # [ours] 8x8 pixels; `mnist1d`: signals of 40 positions
    kinds: tuple[str, ...] = NETWORK_KINDS
    channels: int = 16  # [P] App. A.1.1
    cells: int = 8  # [P] App. A.1.1
    nodes: int = 4  # [P] Sec. 3.1.1
    batch: int = 64  # [P] App. A.1.1
    horizon: int = 19_550  # [P] steps of a whole search, the length of the rate's cosine
    steps: int = 200  # [ours] of its beginning, until the network counts as trained
    radii: tuple[float, ...] = RADII  # [ours]
    small: float = 1e-6  # [ours]

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.data, DATA, "data")
        for kind in self.kinds:
            require(kind, NETWORK_KINDS, "kind of network")
        positive(self, "batch", "horizon", "steps")
        if self.gradient != "first_order" or self.union:
            raise Refused(f"gradient={self.gradient}, union={self.union}: fixed in this study")
        if not all(large > low > 0 for large, low in pairwise((*self.radii, 1e-12))):
            raise Refused(f"radii={self.radii}: must fall, and stay above 0")
        for name in ("radius", "small"):
            one_of(self, name, self.radii)


def refuse_small(config: Radius) -> None:
    """Refuse networks without channels, nodes or a normal cell, and no network at all."""
    positive(config, "channels", "nodes")
    refuse_shallow(config)
    if not config.kinds:
        raise Refused(f"kinds=(): at least one of {', '.join(NETWORK_KINDS)}")


REFUSALS = {Radius: refuse_small}  # asked by the plan, before any work
