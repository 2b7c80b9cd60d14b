"""A multi-trial search whose children are really trained, beside itself on recorded trainings.

`workers` children train side by side, and the searcher hears of all of them when the slowest is
done. What the table of truth is good for shows here: a search that trains must end among those
that look up. There may be one search of each objective in a trial.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from harness.trial import stream
from papers.cells.child.mnist1d import Signals
from papers.cells.league.config import OBJECTIVES, TrainedSearch
from papers.cells.league.contest import Contest, Contestant, Searcher, compete
from papers.cells.league.evaluator import Evaluation, TrainEvaluator
from papers.cells.league.judged import summary
from papers.cells.league.objective import Objective, objectives
from papers.cells.league.recorded import RecordedEvaluator, recorded
from papers.cells.searcher.numbers import Floats
from papers.cells.space.allowed import Allowed
from papers.cells.space.edge import SPACES, Code
from papers.cells.space.record import keep_edge

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial

Make = Callable[[Allowed, int], Searcher]  # of cells, for a seed


class PricedEvaluator(TrainEvaluator):
    """Trains cells, and tells what they are worth to an objective: accuracy less its price."""

    def __init__(self, objective: Objective, signals: Signals, seed: int) -> None:
        super().__init__(objective.league.space, signals, seed)
        self._objective = objective

    def evaluate(self, codes: Sequence[Code]) -> list[Evaluation]:
        """Train cells and charge what it took."""
        return [self._priced(evaluation) for evaluation in super().evaluate(codes)]

    def _priced(self, evaluation: Evaluation) -> Evaluation:
        price = self._objective.charged(evaluation.code)
        first, second, last = evaluation.curve
        return replace(evaluation, curve=(first - price, second - price, last - price))


class Judged(Contest):
    """One search, whose rows are those of an objective; without a price the league's own."""

    def __init__(self, search: Contestant, objective: Objective) -> None:
        super().__init__([search], objective.league)
        self.objective = objective

    def rows(self) -> list[Row]:
        """Return the incumbent's truth, and what its search was charged."""
        found, rows = self.searches[0].incumbent, super().rows()
        if not self.objective.price or found is None:
            return rows
        kept = self.league.row(found)
        return [
            {name: value for name, value in row.items() if name not in kept}
            | self.objective.row(found)
            for row in rows
        ]


def run(
    config: TrainedSearch,
    make: Make,
    workers: int,
    trial: Trial,
    names: Sequence[str] = OBJECTIVES[:1],
    price: float = 0.0,
) -> Iterator[Row]:
    """Run one search of each objective; the last row has its place among those that look up.

    `rank`: which share of these ended with a better cell, those with an equally good one counted
    half.
    """
    space, signals = SPACES[config.space], Signals.load(where=trial.device)
    trial.uses("mnist1d", signals.digest)
    tasks = objectives(names, space, config.limit, price)
    contests = {key: contest(key, task, make, signals, trial) for key, task in tasks.items()}
    trial.restore(**{f"contest{key}": own for key, own in contests.items()})
    every = [turn * workers for turn in range(1, config.turns)]
    last: Row = {}
    for last in compete(contests, trial.meter, every, workers):
        yield last
    row = dict(last)
    for key, task in tasks.items():
        beside = looked_up(config, make, workers, task, trial.stream(f"{key}beside"))
        less = beside - float(row[f"{key}regret"])
        row[f"{key}rank"] = float(np.mean(less < 0) + np.mean(less == 0) / 2)
        row[f"{key}table_regret"] = float(beside.mean())
    keep_edge(trial.artifacts, space, space.parse(str(row["cell"])), summary(row))
    yield row


def contest(key: str, objective: Objective, make: Make, signals: Signals, trial: Trial) -> Contest:
    """Return one search of an objective, whose metrics begin with `key`."""
    evaluator = PricedEvaluator(objective, signals, trial.stream(f"{key}train"))
    searcher = make(objective.league.allowed, trial.stream(f"{key}search"))
    return Judged(Contestant(searcher, evaluator), objective)


def looked_up(
    config: TrainedSearch, make: Make, workers: int, objective: Objective, seed: int
) -> Floats:
    """Return the regret of searches with as many workers on recorded trainings."""
    known, found = recorded(objective), []
    for number in range(config.repeats):
        own = stream(seed, number)
        search = Contestant(make(objective.league.allowed, own), RecordedEvaluator(known, own))
        for _ in range(config.turns):
            search.turn(workers)
        assert search.incumbent is not None
        found.append(objective.row(search.incumbent)["regret"])
    return np.array(found)
