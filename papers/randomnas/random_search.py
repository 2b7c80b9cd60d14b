"""Plain random search: the baseline that every search method has to beat.

Drawn uniformly with replacement, trained, the best by validation kept (Li & Talwalkar 2019,
Sec. 3; Yang et al. 2020 call for exactly this baseline). `table` looks trainings up, many searches
at once; `trained` trains.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from papers.cells.edge import SPACES, Code, EdgeSpace
from papers.cells.evaluator import Evaluation, TableEvaluator, TrainEvaluator
from papers.cells.league import league, verified
from papers.cells.recipe import Signals
from papers.cells.search import Contest, Search, Stream, compete, marks
from papers.randomnas.config import SIDE

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.randomnas.config import RandomSearch, Trained


class Uniform:
    """Proposes codes drawn uniformly, whatever was observed."""

    def __init__(self, space: EdgeSpace, seed: int) -> None:
        self.space, self.stream = space, Stream(seed)

    def propose(self) -> Code:
        """Return the next cell."""
        return self.space.random(self.stream)

    def observe(self, evaluation: Evaluation) -> None:
        """Hear of an evaluated cell; nothing follows from it."""

    def state_dict(self) -> dict[str, Any]:
        """Return where the stream is."""
        return self.stream.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another was."""
        self.stream.load_state_dict(state)


def table(config: RandomSearch, trial: Trial) -> Iterator[Row]:
    """Run `config.searches` searches on recorded trainings."""
    space = SPACES[config.space]
    truth, judge = verified(), league(space)
    trial.uses("mnist1d", truth.header.data)
    seeds = [trial.stream("search", number) for number in range(config.searches)]
    contest = Contest(
        [Search(Uniform(space, seed), TableEvaluator(space, truth, seed)) for seed in seeds]
    )
    equal: dict[str, float] = {}
    trial.restore(contest=contest, equal=Kept(equal))
    shown = {*marks(config.evaluations), config.equal}
    for row in compete(contest, judge, trial.meter, sorted(shown)):
        if row["at"] == config.equal:
            equal["regret_equal"] = float(row["regret"])
        yield {**row, **equal}


class Kept:
    """A few numbers that outlive an interruption."""

    def __init__(self, numbers: dict[str, float]) -> None:
        self.numbers = numbers

    def state_dict(self) -> dict[str, float]:
        """Return the numbers."""
        return dict(self.numbers)

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Take an earlier attempt's numbers over."""
        self.numbers.update(state)


def trained(config: Trained, trial: Trial) -> Iterator[Row]:
    """Run one search whose children are really trained, SIDE of them at once.

    `gap` is how much better its children validate than the table says of the same cells: the two
    ways to evaluate must agree.
    """
    space = SPACES[config.space]
    signals, judge = Signals.load(where=trial.device), league(space)
    trial.uses("mnist1d", signals.digest)
    history = History(Uniform(space, trial.stream("search")))
    evaluator = TrainEvaluator(space, signals, trial.stream("train"))
    contest = Contest([Search(history, evaluator)])
    trial.restore(contest=contest)
    every = [turn * SIDE for turn in range(1, config.turns + 1)]
    for row in compete(contest, judge, trial.meter, every, SIDE):
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
        return {"stream": self.stream.state_dict(), "seen": list(self.seen)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another was."""
        self.stream.load_state_dict(state["stream"])
        self.seen = [(tuple(code), val) for code, val in state["seen"]]
