"""What ENAS's searches of the cell league are made of.

[P] the paper (arXiv:1802.03268), [C] the authors' code for CIFAR-10's micro space, [league] the
common protocol of the cell league, fixed for all methods before any search, [ours] chosen here.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, positive, require, within
from papers.cells.league.config import PathTraining, refuse_rates
from papers.cells.task import LEAGUE_SPACES, LIMIT
from papers.enas.learning import FEWEST_SCORED, Learning

RETRAINED = 3  # [league] candidates trained from scratch at the end of a search
VALIDATION = 1000  # rows
CAPPED, PLAIN = "capped", "plain"
TASKS = ((CAPPED,), (CAPPED, PLAIN))
NORMS = ("batch", "running")


@dataclass(frozen=True)
class LeagueSearch(PathTraining, Learning):
    """A search of edge cells in each of `tasks`: those with few convolutions, and all.

    The policy draws what the task allows and nothing else. `norms`: a path is scored with the
    statistics of the rows that score it ("batch"), or with running ones of all paths that came by.
    `score_batch`: validation rows that score the architectures of an update.
    """

    space: str = "T2"
    limit: int = LIMIT  # convolutions of a cell at most, in the first task
    tasks: tuple[str, ...] = (CAPPED, PLAIN)
    steps: int = 9600  # [league] as random search with weight sharing, in each task
    rounds: int = 48  # [ours] of 200 steps; [C] 150 of 282
    updates: int = 10  # [ours] a round: scoring costs what training does; [C] 30
    baseline_decay: float = 0.95  # [ours] as NASNet's; [C] .99, over ten times as many updates
    score_batch: int = 100  # [league] [C] 160
    norms: str = "batch"  # [C] of the micro search; running ones in its macro search
    ranked: int = 200  # [ours] cells whose ranking is compared with the truth, off the clock
    shown: int = 200  # [ours] cells that the policy draws to be looked at, off the clock
    eval_every: int = 1200  # [ours]

    def __post_init__(self) -> None:
        PathTraining.__post_init__(self)
        refuse_rates(self)
        Learning.__post_init__(self)
        require(self.space, LEAGUE_SPACES, "space")
        positive(self, "limit", "steps", "shown", "eval_every")
        if self.tasks not in TASKS:
            raise Refused(f"tasks={','.join(self.tasks)}: must be capped, or capped,plain")
        require(self.norms, NORMS, "norms")
        least = FEWEST_SCORED if self.norms == "batch" else 1
        within(self, "score_batch", least, VALIDATION)
        within(self, "ranked", 2)
        if self.candidates < RETRAINED:
            raise Refused(f"candidates={self.candidates}: {RETRAINED} of them are retrained")


@dataclass(frozen=True)
class LeagueRandom:
    """Plain random search, best by validation, compared at the cost in FLOPs of ENAS's search.

    The other fields are those of the search that it is compared with.
    """

    space: str = "T2"
    limit: int = LIMIT
    evaluations: int = 200  # [ours] more than the search costs
    searches: int = 8  # [ours] in one trial, each with draws of its own: lookups cost nothing
    steps: int = 9600
    batch: int = 50
    rounds: int = 48
    updates: int = 10
    samples: int = 10
    score_batch: int = 100
    candidates: int = 100

    def __post_init__(self) -> None:
        require(self.space, LEAGUE_SPACES, "space")
        positive(self, "limit", "evaluations", "searches", "steps", "batch", "rounds", "updates")
        positive(self, "samples", "score_batch", "candidates")
