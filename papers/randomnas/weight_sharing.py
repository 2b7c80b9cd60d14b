"""Random search with weight sharing (Li & Talwalkar 2019, Sec. 3.2, Alg. 1 in its supplement).

For every minibatch a cell is drawn uniformly and one step is taken on the shared weights along its
path. Then candidates drawn uniformly are scored with the shared weights, and the best are trained
from scratch. What the shared weights say is a proxy; the result is the retrained cell.

Shapes: N batch, L positions, K classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import TYPE_CHECKING

from harness.training import loop, optim
from papers.cells.child.mnist1d import Signals
from papers.cells.league import derive
from papers.cells.league.costs import Costs
from papers.cells.league.evaluator import TrainEvaluator
from papers.cells.league.judged import judged_row
from papers.cells.league.league import League, league_of
from papers.cells.league.ranking import quality
from papers.cells.league.shared_weights import SharedWeights
from papers.cells.network import light
from papers.cells.space.edge import SPACES
from papers.randomnas.config import RETRAINED

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.randomnas.config import WeightSharing


def run(config: WeightSharing, trial: Trial) -> Iterator[Row]:
    """Train shared weights along random paths, derive a cell, and say what it is worth."""
    space, league, meter = SPACES[config.space], league_of(SPACES[config.space]), trial.meter
    signals = Signals.load(where=trial.device)
    trial.uses("mnist1d", signals.digest)
    paths = Random(trial.stream("paths"))
    weights = SharedWeights(
        space, config, signals.train, trial.stream, lambda: space.random(paths)
    )
    evaluator = TrainEvaluator(space, signals, trial.stream("children"))
    found, costs = derive.Derivation(), evaluator.costs
    trial.restore(**weights.stateful, paths=paths, evaluator=evaluator, found=found)
    horizon = meter.horizon("supernet")
    drawn, ranked = (
        [space.random(Random(trial.stream(name, n))) for n in range(count)]
        for name, count in (("candidate", config.candidates), ("ranked", config.ranked))
    )

    def update(turn: int) -> None:
        code = weights.step(optim.cosine(turn, horizon, config.lr, config.lowest_lr))
        before = costs.flops
        costs.step(light.macs(space, code), config.batch)
        meter.count_flops("supernet", costs.flops - before)

    def measure(turn: int) -> list[Row]:
        return [{**costs.row(), **quality(league, weights.shared, signals.val, drawn, ranked)}]

    yield from loop.fit(meter, "supernet", update, measure, config.eval_every)
    derive.candidates(found, drawn, weights.shared, signals.val, meter, costs)
    derive.retrain(found, evaluator, RETRAINED, meter)
    row = quality(league, weights.shared, signals.val, drawn, ranked)
    yield {**row, **result(league, found, costs)}


def result(league: League, found: derive.Derivation, costs: Costs) -> Row:
    """Return the league's row of the retrained cell, and the regret of the best-scored one."""
    favourite = found.best(league.space, 1)[0]
    return {**judged_row(league, found.result, costs), "regret_top1": league.regret(favourite)}
