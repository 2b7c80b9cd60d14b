"""What no search draws: the best cell, the median one, what the table says of its own noise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from papers.cells.child import mnist1d
from papers.cells.league import truth
from papers.cells.league.league import League, agreement, league_of, verified
from papers.cells.space.classes import Graph, classes
from papers.cells.space.edge import KERNELS, SPACES, T2, Code

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.randomnas.config import Drift, Reference, Truth


def run(config: Reference, trial: Trial) -> Iterator[Row]:
    """Yield the league's row of the best or of the median cell."""
    league = league_of(SPACES[config.space])
    trial.uses("mnist1d", verified().header.data)
    code = league.optimum() if config.kind == "optimum" else league.median()
    yield {**league.row(code), "cell": league.space.text(code)}


def describe(config: Truth, trial: Trial) -> Iterator[Row]:
    """Yield how good cells are, how far seeds agree, and what a shorter training tells.

    `tau` and its like are the noise ceiling; `third_` and `two_thirds_` rank cells by validation
    accuracy after that part of the training, `val_` after all of it, one seed at a time.
    """
    space = SPACES[config.space]
    league, table = league_of(space), verified()
    trial.uses("mnist1d", table.header.data)
    kept = [c for c, live in zip(league.classes.representatives, league.live, strict=True) if live]
    yield {
        **league.ceiling(),
        **_stages(league, table, kept),
        "tau_convolved": _without_trivial(league),
        "classes": len(classes(space)),
        "rows": len(truth.needed(space)),
        "best": league.best,
        "mean_random": league.mean_random,
        "median_random": league.true(league.median()),
        "seed_deviation": league.seed_deviation(),
        "class_deviation": float(league.means[league.live].std()),
    }


def _stages(league: League, table: truth.Table, kept: list[Code]) -> dict[str, float]:
    """Return how validation accuracy at each third ranks live classes, averaged over seeds.

    A seed is judged by the test accuracy of the others, so that nothing ranks itself.
    """
    stages = {"third": "val_third", "two_thirds": "val_two_thirds", "val": "val"}
    rows = [table.of(league.space, code) for code in kept]
    found: dict[str, list[float]] = {}
    for seed in range(len(truth.SEEDS)):
        others = np.array([[r.test for r in own if r.seed != seed] for own in rows]).mean(1)
        for stage, column in stages.items():
            scores = np.array([getattr(own[seed], column) for own in rows])
            for name, value in agreement(others, scores).items():
                found.setdefault(f"{stage}_{name}", []).append(value)
    return {name: float(np.mean(values)) for name, values in found.items()}


def _without_trivial(league: League) -> float:
    """Return the ceiling among cells with a convolution: the others are told apart for free."""
    graphs = [Graph(league.space, code) for code in league.classes.representatives]
    convolved = [any(g.names[p] in KERNELS for p in g.live) for g in graphs]
    return league.ceiling(league.live & np.array(convolved))["tau"]


def drift(config: Drift, trial: Trial) -> Iterator[Row]:
    """Train rows of the table again; yield the mean absolute difference in test accuracy.

    `difference` repeats rows with their own seeds: 0 on the processor that built the table.
    `fresh` takes a seed that the table lacks and compares it with the mean of the stored ones;
    `fresh_bias` is the mean of those differences with their sign.
    """
    table, signals = verified(), mnist1d.Signals.load(where=trial.device)
    trial.uses("mnist1d", signals.digest)
    trial.restore()
    space = SPACES[config.space]
    random = np.random.default_rng(trial.stream("rows"))
    names = sorted({name for name, _ in truth.needed(space)})
    cells = [names[place] for place in random.integers(len(names), size=config.rows)]
    stored = [table.of(T2, truth.code_of(name)) for name in cells]
    again = [own[int(random.integers(len(own)))] for own in stored]
    new = trial.stream("fresh")
    children = [(truth.code_of(row.cell), row.seed) for row in again]
    children += [(truth.code_of(name), new) for name in cells]
    for _ in trial.meter.steps("train"):
        done = mnist1d.train(T2, children, signals)
    same, fresh = done[: config.rows], done[config.rows :]
    apart = [c.test - float(np.mean([r.test for r in own]))
             for c, own in zip(fresh, stored, strict=True)]  # fmt: skip
    yield {
        "difference": float(np.mean([abs(c.test - r.test)
                                     for c, r in zip(same, again, strict=True)])),
        "fresh": float(np.mean(np.abs(apart))),
        "fresh_bias": float(np.mean(apart)),
    }  # fmt: skip
