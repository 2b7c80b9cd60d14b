"""What the evolutions of the cell league are made of.

[P] the paper (arXiv:1802.01548), [league] the common protocol of the cell league, fixed for all
methods before any search, [ours] chosen here.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import within
from papers.amoebanet.config import Evolving
from papers.cells.league.config import TableSearch, TrainedSearch

WORKERS = 10  # [ours] children trained side by side fill a small population at once; [P] 450


@dataclass(frozen=True)
class TableEvolution(TableSearch, Evolving):
    """Evolutions on recorded trainings.

    `identity`: how often a child is its parent once more, trained anew.
    """

    identity: float = 0.0  # [league]; [P] .05, from memory

    def __post_init__(self) -> None:
        TableSearch.__post_init__(self)
        Evolving.__post_init__(self)
        within(self, "identity", 0, 1)


@dataclass(frozen=True)
class TrainedEvolution(TrainedSearch, Evolving):
    """An evolution whose children are really trained, WORKERS of them side by side."""

    identity: float = 0.0  # [league]; [P] .05, from memory

    def __post_init__(self) -> None:
        TrainedSearch.__post_init__(self)
        Evolving.__post_init__(self)
        within(self, "identity", 0, 1)


@dataclass(frozen=True)
class TableRandom(TableSearch):
    """Plain random search on recorded trainings: what every evolution has to beat."""
