"""Meta-training on CIFAR-10, and the search by what it teaches; the defaults are the authors'.

[C] and [F] as in `papers.gtn.config`; [N] the released code of NAO (renqianluo/NAO_pytorch), from
which the authors' search was made; [ours] chosen here.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, positive, require, rising, within
from papers.cells.child.cifar_recipe import CifarRecipe
from papers.cells.child.config import DATASETS, PIXELS
from papers.gtn.config import Teaching

LEAST = 8  # fewest channels of a macro network: see papers.cells.child.config, FEWEST


@dataclass(frozen=True)
class CifarTeaching(Teaching):
    """A meta-training on CIFAR-10; outer losses are on images that are cropped and flipped [C]."""

    dataset: str = "cifar10"
    inner_steps: int = 128  # [C]
    meta_batch: int = 256  # [C]
    outer_lr: float = 0.004  # [C]
    beta: float = 0.9  # [C]
    eps: float = 1e-5  # [C]
    period: int = 16  # [C]
    evaluated: int = 4  # [ours] they take minutes each where there is no GPU
    channels: tuple[int, ...] = (64, 128, 128, 256, 256)  # [C] larger2
    strides: tuple[int, ...] = (1, 2, 1, 2, 1)  # [C] larger2
    tested: int = 10_000  # validation and test rows at most

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.dataset, DATASETS, "dataset")
        if not self.channels or min(self.channels) < 1:
            raise Refused(f"channels={self.channels}: must be numbers, at least 1")
        if len(self.strides) != len(self.channels) or not {1, 2}.issuperset(self.strides):
            raise Refused(
                f"strides={self.strides}: must be 1 or 2 for each of {len(self.channels)} channels"
            )
        within(self, "tested", 1, 10_000)
        if self.learners > 1:
            raise Refused(
                f"learners={self.learners}: learners of images are not stacked, for it is slower; "
                "must be 1"
            )
        if self.treatment == "semi":
            raise Refused("treatment=semi: is not built here; choose from gtn, distill, real")


@dataclass(frozen=True)
class CifarRace(CifarTeaching):
    """The same, and how many steps on real data come to the same accuracy.

    Each length has a cosine of its own to 0, and the rate that validates best: nothing of it is
    learned on the way.
    """

    real_lengths: tuple[int, ...] = (64, 128, 256, 384, 512, 640, 768, 1024, 1536)  # [ours]
    real_rates: tuple[float, ...] = (0.01, 0.02, 0.05, 0.1, 0.2)  # [ours]
    real_momentum: float = 0.9  # [ours]
    raced: int = 3  # [ours] trainings of a length and rate

    def __post_init__(self) -> None:
        super().__post_init__()
        rising(self, "real_lengths", 1)
        rising(self, "real_rates", 1e-6, 10)
        within(self, "real_momentum", 0, 0.9999)
        positive(self, "raced")


@dataclass(frozen=True)
class CifarSearch(CifarTeaching):
    """Random architectures, scored by what they learn from a frozen curriculum.

    `judged` are the numbers of those that are trained for long on real data: what a score is worth
    is asked of them.
    """

    ranked: int = 200  # [ours] architectures that are scored
    judged: tuple[int, ...] = tuple(range(100))  # [ours]
    cell_channels: int = 32  # [C]
    cells: int = 3  # [C] normal cells of a stack
    truth_steps: int = 39_100  # [ours] 100 epochs; the authors took about 4 hours [F]
    truth_batch: int = 128  # [N]
    truth_lr: float = 0.025  # [N] under a cosine to 0
    truth_decay: float = 3e-4  # [N]
    truth_every: int = 3910  # [ours] turns between two rows; changes no result
    as_well: int = 1200  # [F] real steps whose ranking is as good as that of 128 synthetic ones

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self, "ranked", 2)
        rising(self, "judged", 0, self.ranked - 1)
        if len(self.judged) < 2:
            raise Refused(f"judged={self.judged}: must be at least two, to be ranked")
        within(self, "cell_channels", LEAST)
        if self.cell_channels % 2:
            raise Refused(
                f"cell_channels={self.cell_channels}: must be even; the nearest is "
                f"{self.cell_channels + 1}"
            )
        positive(self, "cells", "truth_steps", "truth_every")
        within(self, "as_well", self.inner_steps + 1)
        _ = self.recipe  # refuses what cannot be

    @property
    def recipe(self) -> CifarRecipe:
        """The long training on real data; its length is the phase's, not the recipe's."""
        return CifarRecipe(
            dataset="cifar10" if self.dataset == PIXELS else self.dataset,
            channels=self.cell_channels,
            layers=3 * self.cells + 2,
            batch=self.truth_batch,
            lr=self.truth_lr,
            annealed="step",
            weight_decay=self.truth_decay,
            auxiliary=0.0,
            drop_path=0.0,
            cutout=0,
        )
