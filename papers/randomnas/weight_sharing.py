"""Random search with weight sharing (Li & Talwalkar 2019, Sec. 3.2, Alg. 1 in its supplement).

For every minibatch a cell is drawn uniformly and one step is taken on the shared weights along its
path. Then candidates drawn uniformly are scored with the shared weights, and the best are trained
from scratch. What the shared weights say is a proxy; the result is the retrained cell.

Shapes: N batch, L positions, K classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
from torch.nn.functional import cross_entropy

from harness.training import data, loop, optim
from papers.cells.child.mnist1d import Signals
from papers.cells.league import derive
from papers.cells.league.evaluator import TrainEvaluator
from papers.cells.league.league import League, league
from papers.cells.network import light
from papers.cells.rows import Part
from papers.cells.space.edge import SPACES, Code
from papers.cells.supernet.edge import Shared, build_supernet
from papers.randomnas.config import RETRAINED

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.randomnas.config import WeightSharing

MINIBATCH = 50  # rows on which ENAS scores a candidate, for comparison


def run(config: WeightSharing, trial: Trial) -> Iterator[Row]:
    """Train shared weights along random paths, derive a cell, and say what it is worth."""
    space, judge, meter = SPACES[config.space], league(SPACES[config.space]), trial.meter
    signals = Signals.load(where=trial.device)
    trial.uses("mnist1d", signals.digest)
    weights = Weights(config, trial, signals.train)
    evaluator = TrainEvaluator(space, signals, trial.stream("children"))
    found, costs = derive.Derivation(), evaluator.costs
    trial.restore(**weights.stateful, evaluator=evaluator, found=found)
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
        return [{**costs.row(), **quality(judge, weights.shared, signals.val, (drawn, ranked))}]

    yield from loop.fit(meter, "supernet", update, measure, config.eval_every)
    derive.candidates(found, drawn, weights.shared, signals.val, (meter, costs))
    derive.retrain(found, evaluator, RETRAINED, meter)
    row = quality(judge, weights.shared, signals.val, (drawn, ranked))
    yield {**row, **costs.row(), **result(judge, found)}


class Weights:
    """The shared weights and what trains them: one random path, one minibatch, one step."""

    def __init__(self, config: WeightSharing, trial: Trial, part: Part) -> None:
        self.space, self.part, self.clip = SPACES[config.space], part, config.clip
        self.supernet = build_supernet(self.space, trial.stream("init")).to(trial.device)
        self.shared = Shared(self.supernet)
        parameters = self.supernet.parameters()
        self.optimizer = optim.unfused_sgd(
            parameters, config.lr, config.momentum, config.weight_decay
        )
        self.paths = Random(trial.stream("paths"))
        rows, batch = len(part.y), config.batch
        self.batches = data.Endless(rows, batch, trial.stream("order"), trial.device)

    @property
    def stateful(self) -> dict[str, Any]:
        """Return everything that has state, by name."""
        names = ("supernet", "optimizer", "paths", "batches")
        return {name: getattr(self, name) for name in names}

    def step(self, lr: float) -> Code:
        """Take a step along a path drawn uniformly; return it.

        What the path does not touch has no gradient, hence neither decay nor momentum.
        """
        code, rows = self.space.random(self.paths), next(self.batches)
        optim.set_rate(self.optimizer, lr)
        logits = self.supernet(self.part.x[:, rows].T, code)
        loss = cross_entropy(logits, self.part.y[rows])
        optim.clipped_step(loss, self.supernet.parameters(), self.optimizer, self.clip)
        return code


def quality(
    judge: League, shared: Shared, part: Part, drawn: tuple[Sequence[Code], Sequence[Code]]
) -> Row:
    """Return how the shared weights rank cells now, and how good their favourite candidate is.

    Measured off the clock: what a search decides on is scored again, on it.
    """
    candidates, ranked = drawn
    scores = [derive.score(shared, code, part) for code in candidates]
    favourite = candidates[int(np.argmax(scores))]
    live = [code for code in ranked if judge.alive(code)]  # to tell a dead cell is no merit
    full = judge.agreement(live, [derive.score(shared, code, part) for code in live])
    small = Part(part.x[:, :MINIBATCH], part.y[:MINIBATCH])
    one = judge.agreement(live, [derive.score(shared, code, small) for code in live])
    return {**judge.row(favourite), **full, "tau_minibatch": one["tau"], "proxy": max(scores)}


def result(judge: League, found: derive.Derivation) -> Row:
    """Return the league's row of the cell that the search ends with."""
    row = judge.row(found.result)
    gain = row["true_accuracy"] / judge.mean_random - 1  # Yang et al. 2020, Sec. 3
    favourite = judge.regret(found.best(judge.space, 1)[0])
    text = judge.space.text(found.result)
    return {**row, "relative_improvement": gain, "regret_top1": favourite, "cell": text}
