"""Evolutions on recorded trainings: one after another, and all of them side by side on arrays."""

from __future__ import annotations

from harness.pair import Pair
from papers.amoebanet.league.config import TableEvolution
from papers.amoebanet.league.evolution import Evolution, Evolutions
from papers.cells.league.contest import Contestant
from papers.cells.league.league import league_of
from papers.cells.league.objective import Objective
from papers.cells.league.recorded import Recorded, RecordedEvaluator, recorded
from papers.cells.league.stacked import Stacked
from papers.cells.space.edge import SPACES
from papers.cells.task import LIMIT

SEARCHES, TURNS = 100, 200
SIZES = ((10, 3), (100, 25))  # population and tournament: NATS-Bench's, and the paper's


def alone(known: Recorded, config: TableEvolution, searches: int) -> list[int]:
    """Run searches one after another; return the places of the cells that they found."""
    allowed, found = known.objective.league.allowed, []
    for seed in range(searches):
        search = Contestant(Evolution(allowed, config, seed), RecordedEvaluator(known, seed))
        for _ in range(TURNS):
            search.turn()
        assert search.incumbent is not None
        found.append(known.places[search.incumbent])
    return found


def together(known: Recorded, config: TableEvolution, searches: int) -> list[int]:
    """Run them side by side; return the places of the cells that they found."""
    seeds = range(searches)
    evolutions = Evolutions(known.objective.league.allowed, config, seeds, TURNS)
    stack = Stacked(known, evolutions, seeds)
    for _ in range(TURNS):
        stack.turn()
    found: list[int] = stack.incumbents.tolist()
    return found


def pair(population: int, sample: int) -> Pair:
    """Return both forms of searches of T1 with at most two convolutions."""
    config = TableEvolution(population=population, sample=sample)
    known = recorded(Objective(league_of(SPACES["T1"], LIMIT)))

    def agree() -> None:
        assert alone(known, config, 5) == together(known, config, 5)

    return Pair(
        f"evolution {population}/{sample}, {SEARCHES} searches of {TURNS} evaluations",
        lambda: alone(known, config, SEARCHES),
        lambda: together(known, config, SEARCHES),
        agree,
        1.3,
        units=SEARCHES,
        note="a unit is a search",
    )


def pairs() -> list[Pair]:
    """Return both forms at two sizes of the population."""
    return [pair(*size) for size in SIZES]
