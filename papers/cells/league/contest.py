"""The loop of every search that trains cells one by one: ask, evaluate, tell.

A contest is several independent searches of one task side by side, each with its own searcher,
evaluator and incumbent: the cell of highest validation accuracy so far. Each search has rows of
its own, as a member of the trial, with its incumbent's true regret, which no searcher sees, and
what it was charged. Looked-up trainings take no device time; what they took when the table was
built is in `charged_seconds`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
    """Independent searches of one task side by side; `league` knows what they find."""

    def __init__(self, searches: Sequence[Contestant], league: League) -> None:
        self.searches, self.league = list(searches), league

    def rows(self) -> list[Row]:
        """Return each incumbent's truth, and what its search was charged."""
        return [
            {
                **search.evaluator.costs.row(),
                **self.league.row(search.incumbent),
                "cell": self.league.space.text(search.incumbent),
                "proxy": search.val,
            }
            for search in self.searches
            if search.incumbent is not None
        ]

    def flops(self) -> float:
        """Return what all searches have been charged so far, in FLOPs."""
        return sum(search.evaluator.costs.flops for search in self.searches)

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
    contests: Mapping[str, Contest], meter: Meter, marks: Sequence[int], batch: int = 1
) -> Iterator[Row]:
    """Let every search evaluate `batch` cells a turn; yield rows at the marked evaluations.

    Contests go on in step, and search number n of each makes one row, as member n, with the names
    of a contest's metrics begun by its key. The meter is charged the FLOPs of the first contest.
    Marks are numbers of evaluations of one search; the last rows, after the last turn, are the
    result, and come again when a trial is resumed there.
    """
    last, (charged, *_) = meter.horizon("search") - 1, contests.values()
    for turn in meter.steps("search"):
        before = charged.flops()
        for contest in contests.values():
            for search in contest.searches:
                search.turn(batch)
        meter.count_flops("search", charged.flops() - before)
        done = (turn + 1) * batch
        if done in marks and turn != last:
            with meter.paused():
                yield from _rows(contests, done)
    yield from _rows(contests, (last + 1) * batch)


def _rows(contests: Mapping[str, Contest], at: int) -> Iterator[Row]:
    """Yield what the searches have found after so many evaluations."""
    for member, rows in enumerate(zip(*(c.rows() for c in contests.values()), strict=True)):
        named = zip(contests, rows, strict=True)
        values = {f"{begin}{name}": v for begin, row in named for name, v in row.items()}
        yield {"member": member, "at": at, **values}


def marks(count: int) -> list[int]:
    """Return roughly equally spaced evaluations on a log axis up to `count`, twelve a decade."""
    steps = np.logspace(0, np.log10(count), 1 + round(12 * np.log10(max(2, count))))
    return sorted({round(float(step)) for step in steps})
