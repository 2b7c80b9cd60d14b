"""What the searches and trainings on the DARTS cell space are made of, with where it comes from.

[P] the paper (arXiv:1806.09055v2), [C] its authors' code, [ours] chosen here. `child_*` are of the
networks that are trained from scratch.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, positive, require, within
from papers.cells.child.config import FEWEST, ImageChildren, SignalChildren
from papers.darts.config import Darts

NETWORKS = ("search", "evaluation", "imagenet")


# -- signals --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SignalSearch(SignalChildren, Darts):
    """A search on MNIST-1D, and the training of what it finds.

    `alpha_lr` is set so that `alpha_lr * steps` is what it is in the paper's search, 5.9.
    """

    channels: int = 8  # [ours]; [P] 16
    cells: int = 3  # [ours]; [P] 8
    batch: int = 64  # [P] Sec. 3.1, for w and for alpha
    steps: int = 2350  # [P] 50 epochs, here of 47 batches
    alpha_lr: float = 2.5e-3  # [ours] 3e-4 [P] times 19,550 steps over ours
    eval_every: int = 47  # [ours]

    def __post_init__(self) -> None:
        Darts.__post_init__(self)
        SignalChildren.__post_init__(self)
        positive(self, "channels", "cells", "batch", "steps", "eval_every")


# -- images ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ImageSearch(ImageChildren, Darts):
    """The search on CIFAR-10 (Sec. 3.1), and the training of what it finds."""

    channels: int = 16  # [P] Sec. 3.1
    cells: int = 8  # [P] Sec. 3.1
    batch: int = 64  # [P] Sec. 3.1
    steps: int = 19_550  # [P] 50 epochs of 391 batches
    held_out: float = 0.5  # [P] Sec. 3.1, share of the training images that alpha sees
    split_seed: int = 0  # [ours] which images those are; [C] the last 25,000
    eval_every: int = 391  # [ours]

    @property
    def halves(self) -> tuple[float, int]:
        """Which share of the training images alpha sees, and the split's seed."""
        return self.held_out, self.split_seed

    def __post_init__(self) -> None:
        Darts.__post_init__(self)
        ImageChildren.__post_init__(self)
        within(self, "channels", FEWEST)
        positive(self, "cells", "batch", "steps", "eval_every")
        within(self, "held_out", 0.01, 0.99)


# -- sizes ----------------------------------------------------------------------------------------


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
