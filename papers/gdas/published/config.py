"""What is counted of the published cells, and which random ones stand beside them.

[C] the authors' code, [ours] chosen here.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, positive, require, rising, within
from papers.cells.child.config import SignalChildren
from papers.cells.space.hand_made import refuse_groups
from papers.cells.space.node import DARTS
from papers.cells.space.published import PUBLISHED

REFERENCES = tuple(  # the published cells of DARTS's space
    name for name, found in PUBLISHED.items() if len(found.genotype.normal) == 2 * DARTS.nodes
)


@dataclass(frozen=True)
class SameCost(SignalChildren):
    """A random cell that costs what a published one does, trained from scratch on MNIST-1D.

    Of so many cells drawn uniformly (`candidates`) it is the nearest in multiply-adds.
    """

    reference: str = "GDAS_V1"
    candidates: int = 2000  # [ours] one in thirty lies within 2 % in a network of 8 cells

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.reference, REFERENCES, "published cell of DARTS's space")
        within(self, "candidates", 1, 100_000)


@dataclass(frozen=True)
class Sizes:
    """The networks whose weights and multiply-adds are counted."""

    channels: int = 36  # [C] on CIFAR-10
    layers: int = 20  # [C]
    wide: tuple[int, ...] = (48, 50)  # DARTS's and [C] the authors' channels on ImageNet
    deep: int = 14  # [C] layers on ImageNet

    def __post_init__(self) -> None:
        positive(self, "channels")
        refuse_groups(self, "channels")
        within(self, "layers", 3)
        within(self, "deep", 3)
        rising(self, "wide", 2)
        odd = [channels for channels in self.wide if channels % 2]
        if odd:
            raise Refused(f"wide={self.wide}: must be even numbers; the nearest is {odd[0] + 1}")
