"""The numbers that methods of the league have in common; no torch.

[league]: the common protocol of the cell league, fixed for all methods before any search.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, positive, require, within
from papers.cells.task import LEAGUE_SPACES, LIMIT

OBJECTIVES = ("capped", "plain", "priced")  # of `papers.cells.league.objective`


@dataclass(frozen=True)
class TableSearch:
    """Searches that look trainings up, side by side, for each objective as many.

    `price`: what a convolution costs in accuracy where the objective is "priced".
    """

    space: str = "T2"
    limit: int = LIMIT  # convolutions of a cell at most, where the objective is "capped"
    price: float = 0.01  # [league]
    objectives: tuple[str, ...] = OBJECTIVES
    evaluations: int = 200  # [league] NAS benchmarks: 100 to 200
    searches: int = 500  # [league] as NATS-Bench repeats: lookups cost nothing

    def __post_init__(self) -> None:
        require(self.space, LEAGUE_SPACES, "space")
        positive(self, "limit")
        within(self, "price", 0, 1)
        within(self, "evaluations", 1, 10_000)
        within(self, "searches", 1, 10_000)
        for name in self.objectives:
            require(name, OBJECTIVES, "objective")
        if self.objectives[:1] != OBJECTIVES[:1] or len(set(self.objectives)) < len(
            self.objectives
        ):
            raise Refused(
                f"objectives={','.join(self.objectives)}: must begin with 'capped', the task's "
                "own, and name none twice"
            )


@dataclass(frozen=True)
class TrainedSearch:
    """A search whose children are really trained, and how many that look up stand beside it."""

    space: str = "T2"
    limit: int = LIMIT
    turns: int = 10  # [ours] in each of which all workers train a child
    repeats: int = 100  # [ours]

    def __post_init__(self) -> None:
        require(self.space, LEAGUE_SPACES, "space")
        positive(self, "limit")
        within(self, "turns", 1, 1000)
        within(self, "repeats", 1, 1000)


@dataclass(frozen=True)
class TrainedSearches(TrainedSearch):
    """One such search of each objective; `price` as in `TableSearch`, which refuses for both."""

    price: float = 0.01  # [league]
    objectives: tuple[str, ...] = OBJECTIVES

    def __post_init__(self) -> None:
        super().__post_init__()
        TableSearch(self.space, self.limit, self.price, self.objectives)


@dataclass(frozen=True)
class PathTraining:
    """How shared weights train along one path a minibatch."""

    batch: int = 50  # [league]
    lr: float = 0.05  # [league] under a cosine
    lowest_lr: float = 0.0005  # [league]
    momentum: float = 0.9  # [league]
    weight_decay: float = 5e-4  # [league]
    clip: float = 5.0  # [league] norm of all gradients together

    def __post_init__(self) -> None:
        positive(self, "batch")
        if not 0 < self.lowest_lr <= self.lr < 10:
            raise Refused(f"lr={self.lr}: must lie between lowest_lr={self.lowest_lr} and 10")


def refuse_rates(config: PathTraining) -> None:
    """Refuse what SGD cannot take."""
    within(config, "momentum", 0, 0.9999)
    within(config, "weight_decay", 0)
    within(config, "clip", 1e-9)


REFUSALS = {PathTraining: refuse_rates}  # asked by the plan, before any work
