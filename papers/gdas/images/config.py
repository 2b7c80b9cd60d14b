"""What the searches on images are made of, and how the authors trained their cells.

[P] the paper (arXiv:1910.04465), [C] its authors' code (D-X-Y/GDAS, and the first release where
said), [ours] chosen here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.paper import positive, require, within
from papers.cells.child.cifar_recipe import CifarRecipe
from papers.cells.child.config import FEWEST, ImageChildren, refuse_shallow
from papers.cells.space.hand_made import HAND_MADE, refuse_groups
from papers.cells.space.published import HAND_REDUCED, PUBLISHED
from papers.gdas.config import DERIVATIONS, Gdas


@dataclass(frozen=True)
class ImageSearch(ImageChildren, Gdas):
    """The search on CIFAR-10, and the training of what it finds by DARTS's recipe.

    `fixed`: the reduction cell is the authors' own, made by hand, and the normal cell alone is
    searched. `derivation`: whether the cell that is trained has two edges for each node ("paper"),
    or what the authors' code takes, which may be one edge twice ("release").
    """

    channels: int = 16  # [C]
    cells: int = 6  # [C] two normal cells before, between and after two reduction cells
    batch: int = 256  # [C]
    steps: int = 24_500  # [C] 250 epochs of 98 batches
    held_out: float = 0.5  # [C] share of the training images that alpha sees
    split_seed: int = 0  # [ours] which images those are
    derivation: str = "paper"
    fixed: bool = False
    eval_every: int = 98  # [ours]

    @property
    def halves(self) -> tuple[float, int]:
        """Which share of the training images alpha sees, and the split's seed."""
        return self.held_out, self.split_seed

    def __post_init__(self) -> None:
        Gdas.__post_init__(self)
        ImageChildren.__post_init__(self)
        within(self, "channels", FEWEST)
        positive(self, "cells", "batch", "steps", "eval_every")
        within(self, "held_out", 0.01, 0.99)
        require(self.derivation, DERIVATIONS, "derivation")
        if self.fixed:
            for name in ("channels", "child_channels"):
                refuse_groups(self, name)


# -- published cells ------------------------------------------------------------------------------

CELLS = {"GDAS_V1": PUBLISHED["GDAS_V1"], **HAND_REDUCED}


@dataclass(frozen=True)
class Protocol:
    """What the authors' ways of training a cell differ in; the rest is DARTS's."""

    epochs: int = 600
    warm_up: int = 0  # epochs, of them
    weight_decay: float = 3e-4
    nesterov: bool = False
    lowest_lr: float = 0.0

    @property
    def steps(self) -> int:
        """How many updates it has."""
        return CifarRecipe(epochs=self.epochs).steps()


PROTOCOLS = {
    "original": Protocol(lowest_lr=1e-4),  # [C] first release: 600 epochs
    "later": Protocol(300, 5, 5e-4, nesterov=True),  # [C] the rewrite: 5 + 295 epochs
    "later_long": Protocol(600, 5, 3e-4, nesterov=True),  # [C] the same: 5 + 595 epochs
}


@dataclass(frozen=True)
class ImageRetrained(ImageChildren):
    """A cell that the authors published, trained from scratch by one of their protocols."""

    cell: str = "GDAS_V1"
    protocol: str = "original"

    def __post_init__(self) -> None:
        require(self.cell, CELLS, "published cell")
        require(self.protocol, PROTOCOLS, "protocol")
        super().__post_init__()
        if CELLS[self.cell].genotype.cell("reduce") == HAND_MADE:
            refuse_groups(self, "child_channels")

    @property
    def lowest_lr(self) -> float:
        """The learning rate that the cosine ends at."""
        return PROTOCOLS[self.protocol].lowest_lr

    @property
    def recipe(self) -> CifarRecipe:
        """The training, but for where its rate ends; its length is the phase's."""
        own = PROTOCOLS[self.protocol]
        return replace(
            super().recipe,
            epochs=own.epochs,
            warm_up=own.warm_up,
            weight_decay=own.weight_decay,
            nesterov=own.nesterov,
        )


REFUSALS = {ImageSearch: refuse_shallow}  # asked by the plan, before any work
