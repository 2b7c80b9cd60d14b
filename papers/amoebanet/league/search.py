"""Evolution of the league's cells: on recorded trainings, and with children that are trained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from papers.amoebanet.league.config import WORKERS
from papers.amoebanet.league.evolution import Evolution, Evolutions, Uniforms
from papers.cells.child.mnist1d import Signals
from papers.cells.league import stacked
from papers.cells.league.contest import Contest, Contestant, compete
from papers.cells.league.evaluator import TrainEvaluator
from papers.cells.league.judged import summary
from papers.cells.league.league import League, league_of
from papers.cells.league.objective import Objective
from papers.cells.league.recorded import RecordedEvaluator, recorded
from papers.cells.searcher.numbers import Floats
from papers.cells.space.edge import SPACES
from papers.cells.space.record import keep_edge

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.amoebanet.league.config import TableEvolution, TableRandom, TrainedEvolution


def run(config: TableEvolution, trial: Trial) -> Iterator[Row]:
    """Run `config.searches` evolutions of each objective on recorded trainings."""
    yield from stacked.run(
        config, trial, lambda allowed, *more: Evolutions(allowed, config, *more)
    )


def random(config: TableRandom, trial: Trial) -> Iterator[Row]:
    """Run as many random searches."""
    yield from stacked.run(config, trial, Uniforms)


def trained(config: TrainedEvolution, trial: Trial) -> Iterator[Row]:
    """Run one evolution whose children are really trained, WORKERS at once.

    `rank`: which share of the evolutions on recorded trainings ended with a better cell, those
    with an equally good one counted half.
    """
    space, signals = SPACES[config.space], Signals.load(where=trial.device)
    league = league_of(space, config.limit)
    trial.uses("mnist1d", signals.digest)
    evaluator = TrainEvaluator(space, signals, trial.stream("train"))
    searcher = Evolution(league.allowed, config, trial.stream("search"))
    contest = Contest([Contestant(searcher, evaluator)], league)
    trial.restore(contest=contest)
    every = [turn * WORKERS for turn in range(1, config.turns)]
    for row in compete({"": contest}, trial.meter, every, WORKERS):
        yield row
    beside = looked_up(config, league, trial)
    less = beside - float(row["regret"])
    rank = float(np.mean(less < 0) + np.mean(less == 0) / 2)
    keep_edge(trial.artifacts, space, space.parse(str(row["cell"])), summary(row))
    yield {**row, "rank": rank, "table_regret": float(beside.mean())}


def looked_up(config: TrainedEvolution, league: League, trial: Trial) -> Floats:
    """Return the regret of evolutions with as many workers on recorded trainings."""
    known, found = recorded(Objective(league)), []
    for number in range(config.repeats):
        seed = trial.stream("beside", number)
        search = Contestant(
            Evolution(league.allowed, config, seed), RecordedEvaluator(known, seed)
        )
        for _ in range(config.turns):
            search.turn(WORKERS)
        assert search.incumbent is not None
        found.append(league.regret(search.incumbent))
    return np.array(found)
