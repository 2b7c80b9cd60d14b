"""What GDAS's searches of the cell league are made of.

[P] the paper (arXiv:1910.04465), [C] its authors' code, [league] the common protocol of the cell
league, fixed for all methods before any search, [ours] chosen here.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import positive, require, within
from papers.cells.task import LEAGUE_SPACES, LIMIT
from papers.gdas.config import Gdas


@dataclass(frozen=True)
class LeagueSearch(Gdas):
    """A search with one sampled operation on every edge of an edge cell.

    `alpha_lr` is set so that `alpha_lr * steps` is what it is in the authors' search, 7.35.
    """

    space: str = "T2"
    limit: int = LIMIT  # convolutions of the cell that is returned, at most
    steps: int = 9600  # [league] as random search with weight sharing; [C] 24,500
    alpha_lr: float = 8e-4  # [ours] 3e-4 [C] times 24,500 steps over ours
    batch: int = 50  # [league]; [C] 256
    lr: float = 0.05  # [league]; [C] 0.025
    lowest_lr: float = 0.0005  # [league]; [C] 0.001
    ranked: int = 200  # [ours] cells whose ranking is compared with the truth, off the clock
    eval_every: int = 1200  # [ours]

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.space, LEAGUE_SPACES, "space")
        positive(self, "limit", "steps", "batch", "eval_every")
        within(self, "ranked", 2)


@dataclass(frozen=True)
class LeagueRandom:
    """Plain random search, best by validation, compared at the cost in FLOPs of GDAS's search."""

    space: str = "T2"
    limit: int = LIMIT
    evaluations: int = 400  # [ours] more than the search costs
    searches: int = 8  # [ours] in one trial, each with draws of its own: lookups cost nothing
    steps: int = 9600  # of the search that it is compared with
    batch: int = 50

    def __post_init__(self) -> None:
        require(self.space, LEAGUE_SPACES, "space")
        positive(self, "limit", "evaluations", "searches", "steps", "batch")
