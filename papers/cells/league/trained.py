"""A multi-trial search whose children are really trained, beside itself on recorded trainings.

`workers` children train side by side, and the searcher hears of all of them when the slowest is
done. What the table of truth is good for shows here: a search that trains must end among those
that look up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from papers.cells.child.mnist1d import Signals
from papers.cells.league.config import TrainedSearch
from papers.cells.league.contest import Contest, Contestant, Searcher, compete
from papers.cells.league.evaluator import TrainEvaluator
from papers.cells.league.judged import summary
from papers.cells.league.league import League, league_of
from papers.cells.league.objective import Objective
from papers.cells.league.recorded import RecordedEvaluator, recorded
from papers.cells.searcher.numbers import Floats
from papers.cells.space.allowed import Allowed
from papers.cells.space.edge import SPACES
from papers.cells.space.record import keep_edge

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial

Make = Callable[[Allowed, int], Searcher]  # of cells, for a seed


def run(config: TrainedSearch, make: Make, workers: int, trial: Trial) -> Iterator[Row]:
    """Run one search; its last row has its place among those on recorded trainings.

    `rank`: which share of these ended with a better cell, those with an equally good one counted
    half.
    """
    space, signals = SPACES[config.space], Signals.load(where=trial.device)
    league = league_of(space, config.limit)
    trial.uses("mnist1d", signals.digest)
    evaluator = TrainEvaluator(space, signals, trial.stream("train"))
    contest = Contest(
        [Contestant(make(league.allowed, trial.stream("search")), evaluator)], league
    )
    trial.restore(contest=contest)
    every = [turn * workers for turn in range(1, config.turns)]
    row: Row = {}
    for row in compete({"": contest}, trial.meter, every, workers):
        yield row
    beside = looked_up(config, make, workers, league, trial)
    less = beside - float(row["regret"])
    rank = float(np.mean(less < 0) + np.mean(less == 0) / 2)
    keep_edge(trial.artifacts, space, space.parse(str(row["cell"])), summary(row))
    yield {**row, "rank": rank, "table_regret": float(beside.mean())}


def looked_up(
    config: TrainedSearch, make: Make, workers: int, league: League, trial: Trial
) -> Floats:
    """Return the regret of searches with as many workers on recorded trainings."""
    known, found = recorded(Objective(league)), []
    for number in range(config.repeats):
        seed = trial.stream("beside", number)
        search = Contestant(make(league.allowed, seed), RecordedEvaluator(known, seed))
        for _ in range(config.turns):
            search.turn(workers)
        assert search.incumbent is not None
        found.append(league.regret(search.incumbent))
    return np.array(found)
