"""Which of the paper's networks is built at full size, and how many rows it is run on."""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, positive, require, within

NETWORKS = ("search", "evaluation", "imagenet")


@dataclass(frozen=True)
class Size:
    """One of the paper's networks at full size, and some training steps on random pixels.

    `layers=0` stands for the network's own number of cells. `batch` is what is really run;
    `published_batch` is only counted, from the shapes of what would be kept.
    """

    network: str = "search"
    layers: int = 0
    side: int = 32
    batch: int = 64
    published_batch: int = 64
    steps: int = 2

    def __post_init__(self) -> None:
        require(self.network, NETWORKS, "network")
        positive(self, "side", "published_batch", "steps")
        within(self, "batch", 2)  # a batch norm needs two rows
        if self.layers and self.layers < 3:
            raise Refused(f"layers={self.layers}: 0 for the network's own, or at least 3")


def refuse_single(config: Size) -> None:
    """Refuse a batch that no batch norm takes."""
    within(config, "published_batch", 2)


REFUSALS = {Size: refuse_single}  # asked by the plan, before any work
