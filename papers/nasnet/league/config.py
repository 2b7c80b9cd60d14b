"""What reinforcement learning of the league's cells is made of.

[league] the common protocol of the cell league, fixed for all methods before any search; [enas]
measured by papers/enas at budget nightly; [ours] chosen here.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, rising, within
from papers.cells.league.config import TableSearch, TrainedSearches
from papers.nasnet.config import Learning

PRICE = TableSearch.price
WORKERS = 10  # [ours] children trained side by side; [P] 500


def refuse_price(config: TableSearch | TrainedSearches) -> None:
    """Refuse a price that nobody asks for."""
    if "priced" not in config.objectives and config.price != PRICE:
        raise Refused(
            f"price={config.price:g}: no search of objectives={','.join(config.objectives)} has "
            f"one; leave it at {PRICE:g}"
        )


@dataclass(frozen=True)
class TableLearning(TableSearch, Learning):
    """Policies that learn from recorded trainings."""

    def __post_init__(self) -> None:
        TableSearch.__post_init__(self)
        Learning.__post_init__(self)
        refuse_price(self)


@dataclass(frozen=True)
class TrainedLearning(TrainedSearches, Learning):
    """Policies that learn from children which are really trained, WORKERS of them a turn."""

    def __post_init__(self) -> None:
        TrainedSearches.__post_init__(self)
        Learning.__post_init__(self)
        refuse_price(self)


@dataclass(frozen=True)
class BreakEven(TableLearning):
    """How many children a policy needs until its cells are as good as ENAS's, and what they cost.

    `enas` and `plain_enas` are the regrets that searches of ENAS ended with, one of which each
    trial has to reach, in turn; the regrets of `levels` are looked up besides. The others are what
    a search of ENAS takes.
    """

    objectives: tuple[str, ...] = ("capped", "plain")
    evaluations: int = 1000  # [ours] until then nothing is known
    # [enas] league/enas, seeds 0 to 7 on an Intel Xeon: trials cc3eece001, 17f16b591f, 9dece25afe,
    # 551c467772, 8e4552c75d, b2830c8d00, b7a52df62c, b0d57694e1
    enas: tuple[float, ...] = (0.1161, 0.11943, 0.11943, 0.1161, 0.1161, 0.1161, 0.04143, 0.1251)
    plain_enas: tuple[float, ...] = (0.0028, 0.0028, 0, 0.0011, 0.003, 0.0011, 0.0028, 0)
    enas_steps: int = 3300  # [league] 2,400 of shared weights, 3 children of 300
    enas_gflops: float = 110.8  # [enas] mean of the same trials
    plain_enas_gflops: float = 265.2  # [enas]
    levels: tuple[float, ...] = (0.001, 0.0017, 0.003, 0.01, 0.02, 0.035, 0.05, 0.086, 0.109, 0.13)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.objectives != ("capped", "plain"):
            raise Refused(f"objectives={','.join(self.objectives)}: must be capped,plain")
        for name in ("enas", "plain_enas"):
            regrets = getattr(self, name)
            if not regrets or not all(0 <= regret <= 1 for regret in regrets):
                raise Refused(
                    f"{name}={','.join(map(str, regrets))}: must be regrets from 0 to 1, at least "
                    "one"
                )
        within(self, "enas_steps", 1, 1e9)
        within(self, "enas_gflops", 1e-3, 1e9)
        within(self, "plain_enas_gflops", 1e-3, 1e9)
        rising(self, "levels", 0, 1)
