"""What DARTS's searches of the cell league are made of.

[P] the paper (arXiv:1806.09055), [C] its authors' code, [league] the common protocol of the cell
league, fixed for all methods before any search, [ours] chosen here.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import positive, require, within
from papers.cells.task import LEAGUE_SPACES, LIMIT
from papers.darts.config import Darts


@dataclass(frozen=True)
class LeagueSearch(Darts):
    """A search with the mixture of all operations on every edge of an edge cell.

    `alpha_lr` is set so that `alpha_lr * steps` is what it is in the paper's search, 5.9.
    """

    space: str = "T2"
    limit: int = LIMIT  # convolutions of the cell that is returned, at most
    steps: int = 9600  # [league] as random search with weight sharing
    alpha_lr: float = 6e-4  # [ours] 3e-4 [P] times 19,550 steps over ours
    batch: int = 50  # [league]; [P] 64
    lr: float = 0.05  # [league]; [P] 0.025
    lowest_lr: float = 0.0005  # [league]; [C] 0.001
    weight_decay: float = 5e-4  # [league]; [P] 3e-4
    ranked: int = 200  # [ours] cells whose ranking is compared with the truth, off the clock
    eval_every: int = 1200  # [ours]

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.space, LEAGUE_SPACES, "space")
        positive(self, "limit", "steps", "batch", "eval_every")
        within(self, "ranked", 2)


@dataclass(frozen=True)
class LeagueRandom:
    """Plain random search, best by validation, compared at the cost in FLOPs of DARTS's searches.

    `steps` and `batch` are those of the searches that it is compared with.
    """

    space: str = "T2"
    limit: int = LIMIT
    evaluations: int = 1300  # [ours] more than the dearest search costs
    searches: int = 8  # [ours] in one trial, each with draws of its own: lookups cost nothing
    steps: int = 9600
    batch: int = 50

    def __post_init__(self) -> None:
        require(self.space, LEAGUE_SPACES, "space")
        positive(self, "limit", "evaluations", "searches", "steps", "batch")
