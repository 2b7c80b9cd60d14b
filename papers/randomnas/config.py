"""What the experiments of random search are made of, with where each number comes from.

[P] the paper (arXiv:1902.07638), [C] its authors' code, [league] the common protocol of the cell
league, fixed for all methods before any search, [ours] chosen here.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, positive, require
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
