"""What reinforcement learning of the league's cells is made of.

[league] the common protocol of the cell league, fixed for all methods before any search; [pilot] a
search of papers/enas before its results were there; [ours] chosen here.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, rising, within
from papers.cells.league.config import TableSearch, TrainedSearch
from papers.nasnet.config import Learning

WORKERS = 10  # [ours] children trained side by side; [P] 500


@dataclass(frozen=True)
class TableLearning(TableSearch, Learning):
    """Policies that learn from recorded trainings."""

    def __post_init__(self) -> None:
        TableSearch.__post_init__(self)
        Learning.__post_init__(self)


@dataclass(frozen=True)
class TrainedLearning(TrainedSearch, Learning):
    """A policy that learns from children which are really trained, WORKERS of them a turn."""

    def __post_init__(self) -> None:
        TrainedSearch.__post_init__(self)
        Learning.__post_init__(self)


@dataclass(frozen=True)
class BreakEven(TableLearning):
    """How many children a policy needs until its cells are as good as ENAS's, and what they cost.

    `level` and `plain_level` are regrets to be reached in the mean, those of `levels` are looked
    up besides. The others are what a search of ENAS takes.
    """

    objectives: tuple[str, ...] = ("capped", "plain")
    evaluations: int = 1000  # [ours] until then nothing is known
    level: float = 0.073  # [pilot] mean of 2 searches
    plain_level: float = 0.0055  # [pilot] mean of 8 searches
    enas_steps: int = 3300  # [league] 2,400 of shared weights, 3 children of 300
    enas_flops: float = 1.1e11  # [pilot]
    plain_enas_flops: float = 2.6e11  # [pilot]
    levels: tuple[float, ...] = (0.003, 0.0055, 0.01, 0.02, 0.035, 0.05, 0.073, 0.1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.objectives != ("capped", "plain"):
            raise Refused(f"objectives={','.join(self.objectives)}: must be capped,plain")
        within(self, "level", 0, 1)
        within(self, "plain_level", 0, 1)
        within(self, "enas_steps", 1, 1e9)
        within(self, "enas_flops", 1, 1e18)
        within(self, "plain_enas_flops", 1, 1e18)
        rising(self, "levels", 0, 1)
