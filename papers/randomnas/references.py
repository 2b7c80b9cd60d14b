"""What no search draws: the best cell, the median one, what the table says of its own noise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from papers.cells.child import mnist1d
from papers.cells.league import stand_ins, truth
from papers.cells.league.judged import plain
from papers.cells.league.league import League, agreement, league_of, verified
from papers.cells.space.allowed import convolutions
from papers.cells.space.classes import Graph, classes
from papers.cells.space.edge import KERNELS, SPACES, T2, Code

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.randomnas.config import Drift, Reference, StandIn, Truth


def run(config: Reference, trial: Trial) -> Iterator[Row]:
    """Yield the league's row of the best or of the median cell, with a limit and without."""
    space = SPACES[config.space]
    trial.uses("mnist1d", verified().header.data)

    def row(league: League) -> Row:
        code = league.optimum() if config.kind == "optimum" else league.median()
        return {**league.row(code), "cell": space.text(code)}

    yield {**row(league_of(space, config.limit)), **plain(row(league_of(space)))}


def stand_in(config: StandIn, trial: Trial) -> Iterator[Row]:
    """Yield what a cell is worth that nobody searched for, with a limit and without."""
    space = SPACES[config.space]
    trial.uses("mnist1d", verified().header.data)
    rows = [
        stand_ins.row(league, config.kind, config.ranked)
        for league in (league_of(space, config.limit), league_of(space))
    ]
    yield {**rows[0], **plain(rows[1])}


def describe(config: Truth, trial: Trial) -> Iterator[Row]:
    """Yield how good cells are, how far seeds agree, and what a shorter training tells.

    `tau` and its like are the noise ceiling; `third_` and `two_thirds_` rank cells by validation
    accuracy after that part of the training, `val_` after all of it, one seed at a time.
    """
    space, table = SPACES[config.space], verified()
    trial.uses("mnist1d", table.header.data)
    rows = [
        _described(league, table) for league in (league_of(space, config.limit), league_of(space))
    ]
    yield {
        **rows[0],
        **plain(rows[1]),
        "space_classes": len(classes(space)),
        "space_rows": len(truth.needed(space)),
        "lacking": len(table.lacking(space)),
    }


def _described(league: League, table: truth.Table) -> dict[str, float]:
    """Return what the table says of the cells of one task, and of the noise in what it says."""
    return {
        **league.ceiling(),
        **_stages(league, table, league.codes),
        "tau_convolved": _without_trivial(league),
        "codes": len(league.allowed),
        "classes": len(league.codes),
        "within_a_point": int((league.means >= league.best - 0.01).sum()),
        "best": league.best,
        "best_with_none": _best_with_none(league, table),
        "mean_random": league.mean_random,
        "median_random": league.true(league.median()),
        "seed_deviation": league.seed_deviation(),
        "class_deviation": float(league.means.std()),
        "top_error": league.top_error(),
    }


def _best_with_none(league: League, table: truth.Table) -> float:
    """Return the best true accuracy among cells that may have `none`: none is returned."""
    few = [
        code
        for code in league.space.enumerate()
        if league.limit is None or convolutions(league.space, code) <= league.limit
    ]
    found = {league.classes.of(code): code for code in few}
    return max(table.test(league.space, code) for code in found.values())


def _stages(league: League, table: truth.Table, kept: list[Code]) -> dict[str, float]:
    """Return how validation accuracy at each third ranks classes, averaged over seeds.

    A seed is judged by the test accuracy of the others, so that nothing ranks itself.
    """
    stages = {"third": "val_third", "two_thirds": "val_two_thirds", "val": "val"}
    rows = [[r for r in table.of(league.space, code) if r.seed in truth.SEEDS] for code in kept]
    found: dict[str, list[float]] = {}
    for seed in truth.SEEDS:
        others = np.array([[r.test for r in own if r.seed != seed] for own in rows]).mean(1)
        for stage, column in stages.items():
            scores = np.array([getattr(own[seed], column) for own in rows])
            for name, value in agreement(others, scores).items():
                found.setdefault(f"{stage}_{name}", []).append(value)
    return {name: float(np.mean(values)) for name, values in found.items()}


def _without_trivial(league: League) -> float:
    """Return the ceiling among cells with a convolution: the others are told apart for free."""
    graphs = [Graph(league.space, code) for code in league.codes]
    convolved = [any(g.names[p] in KERNELS for p in g.live) for g in graphs]
    return league.ceiling(np.array(convolved))["tau"]


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
        "difference": float(np.mean([abs(round(c.test, 4) - r.test)
                                     for c, r in zip(same, again, strict=True)])),
        "fresh": float(np.mean(np.abs(apart))),
        "fresh_bias": float(np.mean(apart)),
    }  # fmt: skip
