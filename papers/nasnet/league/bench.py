"""Searches on recorded trainings: one policy after another, and all side by side.

Each note says what one search of 200 evaluations takes where 100 of them stand side by side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from harness.pair import Pair
from harness.training import device
from papers.cells.league.contest import Contestant
from papers.cells.league.objective import CAPPED, KEYS, objectives
from papers.cells.league.recorded import Recorded, RecordedEvaluator, recorded
from papers.cells.league.stacked import Stacked
from papers.cells.searcher.numbers import Floats
from papers.cells.space.edge import SPACES
from papers.nasnet.league.config import TableLearning
from papers.nasnet.league.search import side_by_side
from papers.nasnet.league.searcher import Reinforced
from papers.nasnet.league.study import LEARNED, RECURRENT, clipped

SEARCHES, TURNS = 10, 40  # of what is raced
MANY, LONG = 100, 200  # of what a note tells
AIM = 3.0  # what the issue asks of LSTMs


@dataclass(frozen=True)
class Race:
    """As many searches in both forms; each returns what its incumbents are worth (R)."""

    known: Recorded
    config: TableLearning
    searches: int = SEARCHES
    turns: int = TURNS

    def one_by_one(self) -> Floats:
        """Search with one policy after another."""
        return np.array([self._alone(seed) for seed in range(self.searches)])

    def _alone(self, seed: int) -> float:
        searcher = Reinforced(self.known.objective.league.allowed, self.config, seed)
        search = Contestant(searcher, RecordedEvaluator(self.known, seed))
        for _ in range(self.turns):
            search.turn()
        return search.val

    def together(self) -> Floats:
        """Search with all policies side by side."""
        seeds = list(range(self.searches))
        allowed = self.known.objective.league.allowed
        made = side_by_side(self.config, allowed, seeds, self.turns)
        stack = Stacked(self.known, made, seeds)
        for _ in range(self.turns):
            stack.turn()
        return stack.worth

    def agree(self) -> None:
        """Check that both forms end with cells that are worth the same."""
        np.testing.assert_array_equal(self.one_by_one(), self.together())


def milliseconds(search: Callable[[], object], searches: int) -> float:
    """Return what one of so many searches takes on this thread."""
    clock = device.clock("cpu")
    begin = clock()
    search()
    return 1e3 * (clock() - begin) / searches


def pair(name: str, known: Recorded, config: TableLearning) -> Pair:
    """Return both forms of a policy's searches."""
    race, many = Race(known, config), Race(known, config, MANY, LONG)
    took = milliseconds(many.together, MANY)
    note = f"{MANY} side by side, {LONG} evaluations: {took:.1f} ms a search"
    return Pair(f"{name}, {SEARCHES} searches of {TURNS} evaluations", race.one_by_one,
                race.together, race.agree, AIM, units=SEARCHES, note=note)  # fmt: skip


def pairs() -> list[Pair]:
    """Return a tabular policy, and an LSTM under REINFORCE and under PPO, in the capped task."""
    tasks = objectives((CAPPED,), SPACES["T1"], LEARNED.limit, LEARNED.price)
    known = recorded(tasks[KEYS[CAPPED]])
    return [
        pair("tabular policy", known, LEARNED),
        pair("LSTM, REINFORCE", known, RECURRENT),
        pair("LSTM, PPO", known, clipped(RECURRENT)),
    ]
