"""What the studies on images are made of: CIFAR-10 by the authors' protocol, and a part of it.

[P] the paper (arXiv:1802.03268), [C] the authors' code for CIFAR-10 (melodyguan/enas at 4bcfd73),
[ours] chosen here. Decays are twice the code's, whose term is lambda times the sum of squares.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.paper import Refused, one_of, positive, within
from papers.cells.child.cifar_recipe import CifarRecipe
from papers.cells.child.config import FEWEST, ImageChildren
from papers.cells.space.published import ENAS_MACRO
from papers.enas.learning import Searching
from papers.enas.signals.config import MOST, NODES

EPOCHS, MACRO_EPOCHS = 630, 310  # [C] of final trainings: 6 and 5 cycles
RELEASED_LAYERS = len(ENAS_MACRO.ops)
# torch writes beyond its memory in a 1x1 convolution of stride 2 that reads fewer channels (see
# `papers.cells.child.config`): here one may read a single loose end, or one tensor of a network
LEAST = 8


@dataclass(frozen=True)
class FinalTraining(ImageChildren):
    """How what is found is trained from scratch: SGD with Nesterov momentum under cosines.

    The rate falls from `child_lr` to `child_lowest_lr` in `child_cycles` cycles, each twice as
    long as the one before; `child_dropout` is before the last layer. Of a micro network
    `child_layers` are the cells without the two reductions.
    """

    child_layers: int = 15  # [C]
    child_batch: int = 144  # [C]
    child_steps: int = EPOCHS * 348  # [C]
    child_drop_path: float = 0.4  # [C] of the last cell at the end
    child_every: int = 3480  # [ours] turns between two rows: ten epochs; changes no result
    child_lr: float = 0.05  # [C]
    child_lowest_lr: float = 1e-4  # [C]
    child_cycles: int = 6  # [C]
    child_decay: float = 4e-4  # [C]
    child_dropout: float = 0.2  # [C]

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self, "child_channels", LEAST)
        within(self, "child_lowest_lr", 0, self.child_lr)
        one_of(self, "child_cycles", range(1, 7))
        within(self, "child_dropout", 0, 0.95)

    @property
    def recipe(self) -> CifarRecipe:
        """The training's numbers, as far as `papers.cells.child.cifar` has them."""
        own = {"lr": self.child_lr, "weight_decay": self.child_decay}
        return replace(super().recipe, **own, nesterov=True)  # type: ignore[arg-type]


@dataclass(frozen=True)
class MacroTraining(FinalTraining):
    """The same of whole networks, whose layers and skips are what is found."""

    child_channels: int = 96  # [C] twice as many at each reduction
    child_layers: int = 12  # [P]; the released network has 24
    child_batch: int = 100  # [C]
    child_steps: int = MACRO_EPOCHS * 500  # [C]
    child_auxiliary: float = 0.0  # [C]
    child_drop_path: float = 0.0  # [C]
    child_cutout: int = 0  # [C]
    child_every: int = 5000  # [ours]
    child_lowest_lr: float = 1e-3  # [C]
    child_cycles: int = 5  # [C]
    child_dropout: float = 0.5  # [C]


@dataclass(frozen=True)
class Halves:
    """Which training images theta and scores see."""

    held_out: float = 0.1  # [C] 5,000 of 50,000
    split_seed: int = 0  # [ours] which images those are; [C] the last 5,000
    eval_every: int = 2820  # [ours] turns between two rows; changes no result

    @property
    def halves(self) -> tuple[float, int]:
        """Which share of the training images a search keeps from w, and the split's seed."""
        return self.held_out, self.split_seed

    def check_halves(self) -> None:
        """Refuse halves that are none."""
        within(self, "held_out", 0.01, 0.99)
        positive(self, "eval_every")


@dataclass(frozen=True)
class MicroSearch(Halves, FinalTraining, Searching):
    """The search of cells, and the training of what it finds."""

    preset: str = "release"  # [C]
    nodes: int = NODES
    channels: int = 20  # [C]
    cells: int = 8  # [C]

    def __post_init__(self) -> None:
        FinalTraining.__post_init__(self)
        Searching.__post_init__(self)
        self.check_halves()
        within(self, "nodes", 1, MOST)
        within(self, "channels", FEWEST)
        within(self, "cells", 3)


@dataclass(frozen=True)
class MacroSearch(Halves, MacroTraining, Searching):
    """The search of whole networks, and the training of what it finds."""

    preset: str = "release"  # [C]
    theta_lr: float = 1e-3  # [C]
    samples: int = 20  # [C]
    updates: int = 50  # [C] an epoch
    rounds: int = MACRO_EPOCHS  # [C]
    score_batch: int = 128  # [C]
    batch: int = 128  # [C]
    steps: int = MACRO_EPOCHS * 352  # [C]
    cycles: int = 5  # [C]
    weight_decay: float = 5e-4  # [C]
    channels: int = 36  # [C] not more at a reduction
    skip_weight: float = 0.8  # [C] of the penalty that draws the skip rate to .4

    def __post_init__(self) -> None:
        MacroTraining.__post_init__(self)
        Searching.__post_init__(self)
        self.check_halves()
        within(self, "channels", LEAST)
        within(self, "skip_weight", 0, 1e6)


@dataclass(frozen=True)
class MicroPublished(FinalTraining):
    """The released cell, trained from scratch."""


@dataclass(frozen=True)
class MicroRandom(FinalTraining):
    """Cells drawn uniformly, each trained from scratch."""

    nodes: int = NODES
    drawn: tuple[int, ...] = tuple(range(5))  # [ours] numbers of the cells; [P] one

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self, "nodes", 1, MOST)
        if not self.drawn or self.drawn != tuple(range(len(self.drawn))):
            raise Refused(f"drawn={self.drawn}: numbers of cells, 0, 1, 2 and so on")


@dataclass(frozen=True)
class MacroPublished(MacroTraining):
    """The released network of 24 layers, trained from scratch with the release's dense layers."""

    child_layers: int = RELEASED_LAYERS  # [C]

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of(self, "child_layers", (RELEASED_LAYERS,))
