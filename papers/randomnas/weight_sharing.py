"""Random search with weight sharing (Li & Talwalkar 2019, Sec. 3.2, Alg. 1 in its supplement).

For every minibatch a cell without none is drawn uniformly and one step is taken on the shared
weights along its path. Then candidates drawn uniformly are scored with the shared weights, and the
best are trained from scratch. What the shared weights say is a proxy; the result is the retrained
cell. One search takes part in two tasks: candidates are drawn, and charged, once from the cells
with few convolutions and once from all.

Shapes: N batch, L positions, K classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import TYPE_CHECKING, Any

from harness.training import loop, optim
from papers.cells.child.mnist1d import RECIPE, Signals
from papers.cells.league import derive, flops
from papers.cells.league.costs import Costs, training_flops
from papers.cells.league.evaluator import TrainEvaluator
from papers.cells.league.judged import judged_row
from papers.cells.league.league import League, league_of
from papers.cells.league.ranking import quality
from papers.cells.league.shared_weights import SharedWeights
from papers.cells.network import light
from papers.cells.space.edge import SPACES
from papers.randomnas.config import RETRAINED

if TYPE_CHECKING:
    from harness.meter import Meter
    from harness.paper import Row
    from harness.trial import Trial
    from papers.cells.supernet.edge import Shared
    from papers.randomnas.config import RandomSearch, WeightSharing


def run(config: WeightSharing, trial: Trial) -> Iterator[Row]:
    """Train shared weights along random paths, derive a cell, and say what it is worth."""
    space, meter = SPACES[config.space], trial.meter
    signals = Signals.load(where=trial.device)
    trial.uses("mnist1d", signals.digest)
    unlimited, paths = league_of(space), Random(trial.stream("paths"))
    weights = SharedWeights(
        space, config, signals.train, trial.stream, lambda: unlimited.allowed.random(paths)
    )
    leagues = {"": league_of(space, config.limit), "plain_": unlimited}
    tasks = {key: Task(key, league, config, signals, trial) for key, league in leagues.items()}
    stateful = {
        f"{key}{name}": one for key, t in tasks.items() for name, one in t.stateful.items()
    }
    trial.restore(**weights.stateful, paths=paths, **stateful)
    horizon, limited = meter.horizon("supernet"), tasks[""]

    def update(turn: int) -> None:
        code = weights.step(optim.cosine(turn, horizon, config.lr, config.lowest_lr))
        macs = light.macs(space, code)
        for task in tasks.values():
            task.evaluator.costs.step(macs, config.batch)
        meter.count_flops("supernet", training_flops(macs, config.batch))

    def measure(turn: int) -> list[Row]:
        return [{**limited.evaluator.costs.row(), **limited.quality(weights.shared)}]

    yield from loop.fit(meter, "supernet", update, measure, config.eval_every)
    found: dict[str, float | int | str | bool] = {}
    for key, task in tasks.items():
        task.derive(weights.shared, meter)
        values = {**task.quality(weights.shared), **task.result()}
        found |= {f"{key}{name}": value for name, value in values.items()}
    yield found


class Task:
    """One task of the search: its candidates, what became of them, what it was charged."""

    def __init__(
        self, key: str, league: League, config: WeightSharing, signals: Signals, trial: Trial
    ) -> None:
        self.key, self.league, self.val = key, league, signals.val
        self.found = derive.Derivation()
        self.evaluator = TrainEvaluator(league.space, signals, trial.stream(f"{key}children"))
        self.drawn, self.ranked = (
            [league.allowed.random(Random(trial.stream(name, n))) for n in range(count)]
            for name, count in (("candidate", config.candidates), ("ranked", config.ranked))
        )

    @property
    def stateful(self) -> dict[str, Any]:
        """Return what has state, by name."""
        return {"found": self.found, "evaluator": self.evaluator}

    def derive(self, shared: Shared, meter: Meter) -> None:
        """Score the candidates and train the best of them from scratch, in phases of the task."""
        phases = (f"{self.key}candidates", f"{self.key}retrain")
        costs = self.evaluator.costs
        derive.candidates(self.found, self.drawn, shared, self.val, meter, costs, phases[0])
        derive.retrain(self.found, self.evaluator, RETRAINED, meter, phases[1])

    def quality(self, shared: Shared) -> Row:
        """Return how the shared weights rank the task's cells now."""
        return quality(self.league, shared, self.val, self.drawn, self.ranked)

    def result(self) -> Row:
        """Return the row of the retrained cell, and the regret of the best-scored one."""
        favourite = self.found.best(self.league.space, 1)[0]
        row = judged_row(self.league, self.found.result, self.evaluator.costs)
        return {**row, "regret_top1": self.league.regret(favourite)}


def expected_flops(config: RandomSearch, league: League) -> float:
    """Return what a search is charged in a task, in the mean over what it draws."""
    one, unlimited = Costs(), league_of(league.space)
    one.score(1, RECIPE.held_out)
    paths = config.steps * training_flops(1, config.batch) * flops.mean_macs(unlimited)
    scored = config.candidates * one.flops * flops.mean_macs(league)
    return paths + scored + RETRAINED * flops.child_flops(league)
