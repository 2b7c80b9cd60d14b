"""Plain random search (Sec. 3): `table` looks trainings up, `trained` trains.

What both do is `papers.cells.league.random_search`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from papers.cells.child.mnist1d import Signals
from papers.cells.league import flops, random_search
from papers.cells.league.contest import Contest, Contestant, compete
from papers.cells.league.evaluator import Evaluation, TrainEvaluator
from papers.cells.league.league import league_of, verified
from papers.cells.league.random_search import Uniform
from papers.cells.space.allowed import Allowed
from papers.cells.space.edge import SPACES, Code
from papers.randomnas import weight_sharing
from papers.randomnas.config import SIDE

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.randomnas.config import RandomSearch, Trained


def table(config: RandomSearch, trial: Trial) -> Iterator[Row]:
    """Run `config.searches` searches; `regret_equal`: at the FLOPs of one with weight sharing."""
    space = SPACES[config.space]
    leagues = {"": league_of(space, config.limit), "plain_": league_of(space)}
    equal = {}
    for key, league in leagues.items():
        count = round(flops.children(league, weight_sharing.expected_flops(config, league)))
        equal[f"{key}regret_equal"] = min(max(1, count), config.evaluations)
    counts = {name.replace("regret_", "children_"): float(n) for name, n in equal.items()}
    for row in random_search.table(leagues, trial, config.searches, equal):
        yield {**row, **counts}


def trained(config: Trained, trial: Trial) -> Iterator[Row]:
    """Run one search whose children are really trained, SIDE of them at once.

    `gap` is how much better its children validate than the table says of the same cells: the two
    ways to evaluate must agree.
    """
    space = SPACES[config.space]
    signals, league = Signals.load(where=trial.device), league_of(space, config.limit)
    trial.uses("mnist1d", signals.digest)
    history = History(league.allowed, trial.stream("search"))
    evaluator = TrainEvaluator(space, signals, trial.stream("train"))
    contest = Contest([Contestant(history, evaluator)], league)
    trial.restore(contest=contest)
    every = [turn * SIDE for turn in range(1, config.turns + 1)]
    for row in compete({"": contest}, trial.meter, every, SIDE):
        table_of = verified()
        gaps = [
            val - np.mean([stored.val for stored in table_of.of(space, code)])
            for code, val in history.seen
        ]
        yield {**row, "gap": float(np.mean(gaps))}


class History(Uniform):
    """The same proposals, with a memory of what they were worth."""

    def __init__(self, allowed: Allowed, seed: int) -> None:
        super().__init__(allowed, seed)
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
