"""ENAS in the league: a search in each task, its pick trained from scratch, what that is worth.

A task allows cells without none, with few convolutions or with any number; the controller draws
no others. Candidates are drawn in the end and scored on the same rows, the best three classes are
trained from scratch, and the best of those by validation is the result. What shared weights say
is a proxy. Truth is read off the clock, and nothing that searches sees it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from harness.training import loop
from papers.cells.child.mnist1d import Signals
from papers.cells.league import derive
from papers.cells.league.evaluator import TrainEvaluator
from papers.cells.league.judged import plain, summary
from papers.cells.league.league import League, league_of
from papers.cells.space.edge import SPACES, Code
from papers.cells.space.record import keep_edge
from papers.enas.league import looks
from papers.enas.league.config import CAPPED, PLAIN, RETRAINED
from papers.enas.league.path_search import EdgePaths

if TYPE_CHECKING:
    from harness.meter import Meter
    from harness.paper import Row
    from harness.trial import Trial
    from papers.enas.league.config import LeagueSearch


def run(config: LeagueSearch, trial: Trial) -> Iterator[Row]:
    """Search in every task, one after another; yield what each search found."""
    space, signals = SPACES[config.space], Signals.load(where=trial.device)
    trial.uses("mnist1d", signals.digest)
    leagues = {CAPPED: league_of(space, config.limit), PLAIN: league_of(space)}
    searches = {task: Search(task, leagues[task], config, signals, trial) for task in config.tasks}
    states = {f"{task}/{n}": s for task, own in searches.items() for n, s in own.stateful.items()}
    trial.restore(**states)
    found: Row = {}
    for search in searches.values():
        yield from search.search(trial.meter)
        search.derive(trial.meter)
        found = {**found, **search.named(search.row())}
    capped = searches[CAPPED]
    yield from looks.scatter(capped.league, capped.paths, signals.val, config.ranked)
    keep_edge(trial.artifacts, space, capped.found.result, summary(found))
    yield {**found, **looks.other_ways(capped.league, capped.paths, signals, config.ranked)}


class Search:
    """The search of one task: paths, candidates, what became of them, what it was charged."""

    def __init__(
        self, task: str, league: League, config: LeagueSearch, signals: Signals, trial: Trial
    ) -> None:
        seed = partial(trial.stream, task)
        self.task, self.league, self.config, self.signals = task, league, config, signals
        self.evaluator = TrainEvaluator(league.space, signals, seed("children"))
        self.paths = EdgePaths(league.allowed, config, signals, seed, self.evaluator.costs)
        self.found, self.drawn = derive.Derivation(), list[Code]()
        self.first = looks.drawn(league, self.paths.policy, config.shown, seed("shown"))
        self._shown = seed("shown")

    @property
    def stateful(self) -> dict[str, Any]:
        """Return what has state, by name."""
        own = {"derived": self.found, "drawn": self.drawn, "evaluator": self.evaluator}
        return {**self.paths.stateful, **own}

    def named(self, row: Row) -> Row:
        """Return a row under the names of its task."""
        return plain(row) if self.task == PLAIN else row

    def search(self, meter: Meter) -> Iterator[Row]:
        """Train shared weights and theta in turns; yield what the policy draws by then."""
        phase, costs = f"search/{self.task}", self.evaluator.costs
        horizon = meter.horizon(phase)

        def update(turn: int) -> None:
            before = costs.flops
            self.paths.step(turn, horizon)
            meter.count_flops(phase, costs.flops - before)

        def measure(turn: int) -> list[Row]:
            return [self.named({**costs.row(), **self._looked()})]

        yield from loop.fit(meter, phase, update, measure, self.config.eval_every)

    def derive(self, meter: Meter) -> None:
        """Score the candidates and train the best of them from scratch."""
        if not self.drawn:
            self.drawn += map(tuple, self.paths.policy.draw(self.config.candidates))
        costs, val = self.evaluator.costs, self.signals.val
        phase = f"candidates/{self.task}"
        derive.candidates(self.found, self.drawn, self.paths.shared, val, meter, costs, phase)
        derive.retrain(self.found, self.evaluator, RETRAINED, meter, f"retrain/{self.task}")

    def _looked(self) -> Row:
        """Return what the policy's cells are truly worth now, and the favourite's regret."""
        drawn = looks.drawn(self.league, self.paths.policy, self.config.shown, self._shown)
        favourite = looks.favourite(drawn.codes, self.paths.shared, self.signals.val)
        return {**drawn.row(), **self.paths.policy.row(), **self.league.row(favourite)}

    def row(self) -> Row:
        """Return the row of the retrained cell, and what led to it."""
        now = looks.drawn(self.league, self.paths.policy, self.config.shown, self._shown)
        return {
            **looks.result(self.league, self.found, self.evaluator.costs),
            **looks.derivations(self.league, self.found, self.paths.shared, self.signals.val),
            **now.row(),
            "first_truth": self.first.truth,
            **self.paths.policy.row(),
            **looks.rankings(self.league, self.paths, self.signals.val, self.config.ranked),
        }
