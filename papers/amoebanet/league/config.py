"""What the evolutions of the cell league are made of.

[P] the paper (arXiv:1802.01548), [league] the common protocol of the cell league, fixed for all
methods before any search, [ours] chosen here.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, require, within
from papers.amoebanet.config import Evolving
from papers.cells.league.config import TableSearch, TrainedSearches

WORKERS = 10  # [ours] children trained side by side fill a small population at once; [P] 450


MUTATIONS = ("operation", "state")  # [P] Sec. 2: each half of the time


@dataclass(frozen=True)
class OfCells(Evolving):
    """An evolution of the league's cells.

    `identity`: how often a child is its parent once more, trained anew.
    """

    mutation: str = "operation"
    identity: float = 0.0  # [league]; [P] .05, from memory

    def __post_init__(self) -> None:
        super().__post_init__()
        if require(self.mutation, MUTATIONS, "mutation") == "state":
            raise Refused(
                "mutation=state: every edge of the league's cells reads the state that it always "
                "reads, so only 'operation' can change; node cells have both (NodeSpace.mutate)"
            )
        within(self, "identity", 0, 1)


@dataclass(frozen=True)
class TableEvolution(TableSearch, OfCells):
    """Evolutions on recorded trainings."""

    def __post_init__(self) -> None:
        TableSearch.__post_init__(self)
        OfCells.__post_init__(self)


@dataclass(frozen=True)
class TrainedEvolution(TrainedSearches, OfCells):
    """Evolutions whose children are really trained, WORKERS of them side by side."""

    def __post_init__(self) -> None:
        TrainedSearches.__post_init__(self)
        OfCells.__post_init__(self)
        if self.kind == "nonaging":
            raise Refused(
                f"kind=nonaging: removes the worst of its own tournament, but {WORKERS} children "
                "are heard of at once; the nearest is 'nonaging_worst'"
            )


@dataclass(frozen=True)
class TableRandom(TableSearch):
    """Plain random search on recorded trainings: what every evolution has to beat."""
