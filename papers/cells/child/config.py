"""How found node cells are trained from scratch, on signals and on images; and random cells.

A searcher's config that begins with one of these has its testbed: see `testbed.of`.
[P] DARTS (arXiv:1806.09055v2), [C] its authors' code, [ours] chosen here. `child_*` are of the
networks that are trained from scratch.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from harness.paper import Refused, one_of, positive, require, within
from papers.cells.child.cifar_recipe import DARTS, STORED_ROWS, CifarRecipe
from papers.cells.space.published import PUBLISHED

PIXELS = "pixels"  # a few random images, for where no data may be asked for
DATASETS = (*STORED_ROWS, PIXELS)
ROWS = {**STORED_ROWS, PIXELS: 48}  # training images
SIDES = (8, 16, 32)
# torch 2.13, CPU, channels last: the gradient of a 1x1 convolution of stride 2 with fewer than
# eight input channels writes beyond its memory; a reduction cell's has twice the network's
FEWEST = 4

# -- signals --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SignalChildren:
    """How a cell is trained from scratch on MNIST-1D: DARTS's recipe on a small network."""

    child_channels: int = 8  # [ours]; [P] 36
    child_layers: int = 3  # [ours]; [P] 20
    child_batch: int = 100  # [ours]; [P] 96
    child_steps: int = 3000  # [ours] 100 epochs; [P] 600
    child_lr: float = 0.025  # [P] App. A.1, under a cosine to 0
    child_momentum: float = 0.9  # [P]
    child_decay: float = 3e-4  # [P]
    child_clip: float = 5.0  # [C]
    child_every: int = 300  # [ours] turns between two rows; changes no result

    def __post_init__(self) -> None:
        positive(self, "child_channels", "child_batch", "child_steps", "child_every")
        within(self, "child_layers", 3)
        within(self, "child_lr", 1e-9, 100)
        within(self, "child_momentum", 0, 0.9999)
        within(self, "child_decay", 0)
        within(self, "child_clip", 1e-9)


# -- images ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ImageChildren:
    """How a cell is trained from scratch on CIFAR-10: DARTS's evaluation phase.

    `side`: images are average-pooled to so many pixels a side; padding shrinks with them.
    """

    dataset: str = "cifar10"
    side: int = 32
    child_channels: int = 36  # [P] Sec. 3.2
    child_layers: int = 20  # [P] Sec. 3.2
    child_batch: int = 96  # [P] Sec. 3.2
    child_steps: int = DARTS.steps()  # [P] 600 epochs of 521 batches
    child_auxiliary: float = 0.4  # [P] Sec. 3.2
    child_drop_path: float = 0.2  # [C]
    child_cutout: int = 16  # [P] Sec. 3.2
    child_every: int = 5210  # [ours] turns between two rows: ten epochs; changes no result

    def __post_init__(self) -> None:
        require(self.dataset, DATASETS, "data set of images")
        one_of(self, "side", SIDES)
        positive(self, "child_steps", "child_every")
        within(self, "child_channels", FEWEST)
        _ = self.recipe  # refuses what cannot be

    @property
    def halves(self) -> tuple[float, int]:
        """Which share of the training images a search keeps from w, and the split's seed."""
        return self.recipe.held_out, self.recipe.split_seed

    @property
    def recipe(self) -> CifarRecipe:
        """The training of a child; its length is the phase's, not the recipe's."""
        return CifarRecipe(
            dataset="cifar10" if self.dataset == PIXELS else self.dataset,
            channels=self.child_channels,
            layers=self.child_layers,
            batch=self.child_batch,
            auxiliary=self.child_auxiliary,
            drop_path=self.child_drop_path,
            cutout=self.child_cutout,
            padding=self.side // 8,
        )


# [ours] a network that a CPU trains in seconds, of images of half the size: budget nightly
SMALL_IMAGES: dict[str, object] = {
    "side": 16,
    "child_channels": 8,
    "child_layers": 3,
    "child_cutout": 8,
    "child_steps": 42,  # half an epoch of the subset's 8,068 images
    "child_every": 42,
}
TINY_IMAGES: dict[str, object] = {  # two steps on random images: budget check
    **SMALL_IMAGES,
    "dataset": PIXELS,
    "side": 8,
    "child_channels": 4,
    "child_batch": 8,
    "child_steps": 2,
    "child_every": 1,
}

# -- published cells ------------------------------------------------------------------------------


@dataclass(frozen=True)
class SignalPublished(SignalChildren):
    """A published cell, trained from scratch on MNIST-1D."""

    cell: str = "DARTS_V2"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.cell, PUBLISHED, "published cell")


@dataclass(frozen=True)
class ImagePublished(ImageChildren):
    """A published cell, trained from scratch on CIFAR-10."""

    cell: str = "DARTS_V2"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.cell, PUBLISHED, "published cell")


# -- random search --------------------------------------------------------------------------------


def numbered(drawn: tuple[int, ...]) -> None:
    """Refuse numbers of cells that do not rise from 0 on."""
    if not drawn or drawn[0] != 0 or any(b != a + 1 for a, b in pairwise(drawn)):
        raise Refused(f"drawn={drawn}: numbers of cells, 0, 1, 2 and so on")


@dataclass(frozen=True)
class SignalRandom(SignalChildren):
    """Cells drawn uniformly, each trained from scratch; the best by validation is chosen."""

    drawn: tuple[int, ...] = tuple(range(8))  # [ours] numbers of the cells; [P] 24, on CIFAR-10

    def __post_init__(self) -> None:
        super().__post_init__()
        numbered(self.drawn)


@dataclass(frozen=True)
class ImageRandom(ImageChildren):
    """Cells drawn uniformly, trained for a while; the best by validation is trained in full."""

    drawn: tuple[int, ...] = tuple(range(24))  # [P] Sec. 3.2, numbers of the cells
    selection_steps: int = 46_900  # [P] 100 epochs, here of 469 batches

    def __post_init__(self) -> None:
        super().__post_init__()
        numbered(self.drawn)
        positive(self, "selection_steps")


# -- what the plan refuses ------------------------------------------------------------------------


def refuse_images(config: ImageChildren) -> None:
    """Refuse batches of one image: the auxiliary head normalises one value a channel and image."""
    within(config, "child_batch", 2)
    rows = ROWS[config.dataset]
    if rows % config.child_batch == 1:
        raise Refused(
            f"child_batch={config.child_batch}: the last batch of {rows:,} images would be a "
            f"single one, which cannot be normalised; the nearest is {config.child_batch - 1}"
        )


def refuse_shallow(config: Any) -> None:
    """Refuse search networks without a normal cell: reductions stand at thirds of the depth."""
    within(config, "cells", 3)


# asked by the plan before any work; no part of a class, so that results stay as they are
REFUSALS = {ImageChildren: refuse_images}
