"""Plain random search (Sec. 3): `table` looks trainings up, `trained` trains.

What both do is `papers.cells.league.random_search`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from papers.cells.child.mnist1d import Signals
from papers.cells.league import random_search
from papers.cells.league.contest import Contest, Contestant, compete
from papers.cells.league.evaluator import Evaluation, TrainEvaluator
from papers.cells.league.league import league_of, verified
from papers.cells.league.random_search import Uniform
from papers.cells.space.edge import SPACES, Code
from papers.randomnas.config import SIDE

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.randomnas.config import RandomSearch, Trained


def table(config: RandomSearch, trial: Trial) -> Iterator[Row]:
    """Run `config.searches` searches on recorded trainings."""
    equal = {"regret_equal": config.equal}
    yield from random_search.table(SPACES[config.space], trial, config.searches, equal)


def trained(config: Trained, trial: Trial) -> Iterator[Row]:
    """Run one search whose children are really trained, SIDE of them at once.

    `gap` is how much better its children validate than the table says of the same cells: the two
    ways to evaluate must agree.
    """
    space = SPACES[config.space]
    signals, league = Signals.load(where=trial.device), league_of(space)
    trial.uses("mnist1d", signals.digest)
    history = History(Uniform(space, trial.stream("search")))
    evaluator = TrainEvaluator(space, signals, trial.stream("train"))
    contest = Contest([Contestant(history, evaluator)])
    trial.restore(contest=contest)
    every = [turn * SIDE for turn in range(1, config.turns + 1)]
    for row in compete(contest, league, trial.meter, every, SIDE):
        table_of = verified()
        gaps = [
            val - np.mean([stored.val for stored in table_of.of(space, code)])
            for code, val in history.seen
        ]
        yield {**row, "gap": float(np.mean(gaps))}


class History(Uniform):
    """The same proposals, with a memory of what they were worth."""

    def __init__(self, uniform: Uniform) -> None:
        self.space, self.stream = uniform.space, uniform.stream
        self.seen: list[tuple[Code, float]] = []

    def observe(self, evaluation: Evaluation) -> None:
        """Remember a cell and its validation accuracy."""
        self.seen.append((evaluation.code, evaluation.val))

    def state_dict(self) -> dict[str, Any]:
        """Return stream and memory."""
        return {"stream": self.stream.getstate(), "seen": list(self.seen)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another was."""
        self.stream.setstate(state["stream"])
        self.seen = [(tuple(code), val) for code, val in state["seen"]]
