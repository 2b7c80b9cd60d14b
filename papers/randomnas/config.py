"""What the experiments of random search are made of, with where each number comes from.

[P] the paper (arXiv:1902.07638), [C] its authors' code, [league] the common protocol of the cell
league, fixed for all methods before any search, [ours] chosen here.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, positive, require, within
from papers.cells.child.config import FEWEST, ImageChildren, refuse_shallow
from papers.cells.league.config import PathTraining
from papers.cells.task import LEAGUE_SPACES, LIMIT, STAND_INS

RETRAINED = 3  # [league] candidates trained from scratch at the end of a weight-sharing search
SIDE = 12  # [ours] children trained side by side: the fastest on a CPU


@dataclass(frozen=True)
class Reference:
    """A line of the league that no search draws: the best cell, or the median one."""

    kind: str
    space: str = "T2"
    limit: int = LIMIT  # convolutions of a cell at most, here and below

    def __post_init__(self) -> None:
        require(self.kind, ("optimum", "median"), "kind")
        require(self.space, LEAGUE_SPACES, "space")
        positive(self, "limit")


@dataclass(frozen=True)
class StandIn:
    """A cell that nobody searched for: what it reaches is free."""

    kind: str
    space: str = "T2"
    limit: int = LIMIT
    ranked: int = 200  # [ours] cells that parameter counts rank: those of WeightSharing

    def __post_init__(self) -> None:
        require(self.kind, STAND_INS, "kind")
        require(self.space, LEAGUE_SPACES, "space")
        positive(self, "limit", "ranked")


@dataclass(frozen=True)
class Truth:
    """What the table of truth says about itself."""

    space: str = "T2"
    limit: int = LIMIT

    def __post_init__(self) -> None:
        require(self.space, LEAGUE_SPACES, "space")
        positive(self, "limit")


@dataclass(frozen=True)
class Drift:
    """Rows of the table trained again: with their own seeds, and with a seed it does not have."""

    space: str = "T2"
    rows: int = 20  # [league]

    def __post_init__(self) -> None:
        require(self.space, LEAGUE_SPACES, "space")
        positive(self, "rows")


@dataclass(frozen=True)
class RandomSearch:
    """Cells drawn uniformly, each trained from scratch; the best by validation is the result."""

    space: str = "T2"
    limit: int = LIMIT
    evaluations: int = 200  # [league] NAS benchmarks: 100 to 200
    steps: int = 9600  # of the weight-sharing search that it is compared with, here and below
    candidates: int = 100
    batch: int = 50
    searches: int = 8  # [ours] in one trial, each with draws of its own: lookups cost nothing

    def __post_init__(self) -> None:
        require(self.space, LEAGUE_SPACES, "space")
        positive(self, "limit", "evaluations", "steps", "candidates", "batch", "searches")


@dataclass(frozen=True)
class Trained:
    """The same search with real trainings in place of looked-up ones."""

    space: str = "T2"
    limit: int = LIMIT
    turns: int = 10  # [ours] of SIDE children each

    def __post_init__(self) -> None:
        require(self.space, LEAGUE_SPACES, "space")
        positive(self, "limit", "turns")


@dataclass(frozen=True)
class WeightSharing(PathTraining):
    """Random search with weight sharing: a random path a minibatch, then candidates.

    Shared weights train at the league's rate; [P] batch 64, rate .025 and decay 3e-4 as DARTS,
    clipped at 1 in the authors' best setting.
    """

    space: str = "T2"
    limit: int = LIMIT
    steps: int = 9600  # [ours] 32 children's worth; [P] 150 epochs on CIFAR-10
    candidates: int = 100  # [league]; [P] 1,000 a round, on 10 minibatches, the best 10 again
    ranked: int = 200  # [ours] cells whose ranking is compared with the truth, off the clock
    eval_every: int = 1200  # [ours]

    def __post_init__(self) -> None:
        require(self.space, LEAGUE_SPACES, "space")
        super().__post_init__()
        positive(self, "limit", "steps", "candidates", "ranked", "eval_every")
        if self.candidates < RETRAINED:
            raise Refused(f"candidates={self.candidates}: {RETRAINED} of them are retrained")


@dataclass(frozen=True)
class ImageSharing(ImageChildren):
    """Random search with weight sharing on CIFAR-10, and the training of what it finds."""

    channels: int = 16  # [P] as DARTS
    cells: int = 8  # [P] as DARTS
    batch: int = 64  # [P]
    steps: int = 58_650  # [P] 150 epochs of 391 batches
    lr: float = 0.025  # [P] as DARTS, under a cosine
    lowest_lr: float = 0.001  # [C]
    momentum: float = 0.9  # [P] as DARTS
    weight_decay: float = 3e-4  # [P] as DARTS
    clip: float = 1.0  # [P] of the best setting: norm of all gradients together
    candidates: int = 1000  # [P] cells that are scored
    batches: int = 10  # [P] on so many validation batches
    finalists: int = 10  # [P] of them on all
    held_out: float = 0.5  # [P] share of the training images that scores see
    split_seed: int = 0  # [ours] which images those are
    eval_every: int = 391  # [ours] turns between two rows; changes no result

    @property
    def halves(self) -> tuple[float, int]:
        """Which share of the training images scores see, and the split's seed."""
        return self.held_out, self.split_seed

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self, "channels", FEWEST)
        within(self, "held_out", 0.01, 0.99)
        within(self, "momentum", 0, 0.9999)
        within(self, "lr", 1e-9, 100)
        within(self, "lowest_lr", 0, self.lr)
        within(self, "weight_decay", 0)
        within(self, "clip", 1e-9)
        positive(self, "cells", "batch", "steps", "candidates", "batches", "eval_every")
        within(self, "finalists", 1, self.candidates)


def refuse_lone(config: WeightSharing) -> None:
    """Refuse a ranking of a single cell."""
    within(config, "ranked", 2)


# asked by the plan, before any work
REFUSALS = {ImageSharing: refuse_shallow, WeightSharing: refuse_lone}
