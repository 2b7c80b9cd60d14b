"""The loop of every search that trains cells one by one: ask, evaluate, tell.

A contest is several independent searches side by side, each with its own searcher, evaluator and
incumbent: the cell of highest validation accuracy so far. What it reports is the incumbents' true
regret, which no searcher sees. The meter charges one search; looked-up trainings take no device
time, and what they took when the table was built is in `charged_seconds`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from papers.cells.league.evaluator import Evaluation, Evaluator
from papers.cells.league.league import League
from papers.cells.space.edge import Code

if TYPE_CHECKING:
    from harness.meter import Meter
    from harness.paper import Row


class Searcher(Protocol):
    """Proposes cells and hears what they were worth; saves and restores itself."""

    def propose(self) -> Code:
        """Return the next cell to evaluate."""
        ...

    def observe(self, evaluation: Evaluation) -> None:
        """Hear of an evaluated cell."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed search needs."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take an earlier attempt's state over."""
        ...


class Contestant:
    """One searcher with its evaluator, its incumbent and how often it has asked."""

    def __init__(self, searcher: Searcher, evaluator: Evaluator) -> None:
        self.searcher, self.evaluator = searcher, evaluator
        self.incumbent: Code | None = None
        self.val = -1.0

    def turn(self, count: int = 1) -> None:
        """Evaluate the next `count` proposals side by side; the first of equals stays."""
        codes = [self.searcher.propose() for _ in range(count)]
        for evaluation in self.evaluator.evaluate(codes):
            self.searcher.observe(evaluation)
            if evaluation.val > self.val:
                self.incumbent, self.val = evaluation.code, evaluation.val


class Contest:
    """Independent searches side by side."""

    def __init__(self, searches: Sequence[Contestant]) -> None:
        self.searches = list(searches)

    def row(self, league: League, at: int) -> Row:
        """Return the incumbents' true regret, mean and quartiles, and one search's charges."""
        found = [s.incumbent for s in self.searches if s.incumbent is not None]
        rows = [league.row(code) for code in found]
        mean = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
        low, median, high = np.quantile([row["regret"] for row in rows], (0.25, 0.5, 0.75))
        charges = [search.evaluator.costs.row() for search in self.searches]
        charged = {name: float(np.mean([c[name] for c in charges])) for name in charges[0]}
        quartiles = {"regret_low": low, "regret_median": median, "regret_high": high}
        val = float(np.mean([search.val for search in self.searches]))
        spread = {name: float(value) for name, value in quartiles.items()}
        return {"at": at, **mean, **spread, "proxy": val, **charged}

    def flops(self) -> float:
        """Return what one search has been charged so far, in FLOPs."""
        return float(np.mean([search.evaluator.costs.flops for search in self.searches]))

    def state_dict(self) -> dict[str, Any]:
        """Return every search's state."""
        return {
            "searches": [
                {
                    "searcher": search.searcher.state_dict(),
                    "evaluator": search.evaluator.state_dict(),
                    "incumbent": search.incumbent,
                    "val": search.val,
                }
                for search in self.searches
            ]
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another contest was."""
        for search, own in zip(self.searches, state["searches"], strict=True):
            search.searcher.load_state_dict(own["searcher"])
            search.evaluator.load_state_dict(own["evaluator"])
            search.incumbent = None if own["incumbent"] is None else tuple(own["incumbent"])
            search.val = own["val"]


def compete(
    contest: Contest, league: League, meter: Meter, marks: Sequence[int], batch: int = 1
) -> Iterator[Row]:
    """Let every search evaluate `batch` cells a turn; yield a row at the marked evaluations.

    Marks are numbers of evaluations of one search; the last row, after the last turn, is the
    result, and comes again when a trial is resumed there.
    """
    last = meter.horizon("search") - 1
    for turn in meter.steps("search"):
        before = contest.flops()
        for search in contest.searches:
            search.turn(batch)
        meter.count_flops("search", contest.flops() - before)
        done = (turn + 1) * batch
        if done in marks and turn != last:
            with meter.paused():
                yield contest.row(league, done)
    yield contest.row(league, (last + 1) * batch)


def marks(count: int) -> list[int]:
    """Return roughly equally spaced evaluations on a log axis up to `count`, twelve a decade."""
    steps = np.logspace(0, np.log10(count), 1 + round(12 * np.log10(max(2, count))))
    return sorted({round(float(step)) for step in steps})
