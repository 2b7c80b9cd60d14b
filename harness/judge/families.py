"""How often a paper has a false "not reproduced" among all its claims, each being just true.

The claims are those that the paper declares, with the trials and members that it declares; only
the numbers are drawn, for each claim its own, at the very margin where it is least sure. Checks of
our own code are left out, as Holm's correction leaves them out.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from harness.checks import (
    AtLeast,
    BestOf,
    CostRatio,
    Effect,
    Exact,
    Ordering,
    Same,
    Spread,
    Trend,
    Value,
)
from harness.judge.calibration import COST, SEED, Noise
from harness.judge.rules import judge
from harness.paper import Claim, Experiment, Paper, number_of
from harness.statistics import Array

SPREAD = 0.01  # standard deviation of a unit of a claim
BUDGET = "nightly"


@dataclass(frozen=True)
class Family:
    """How often a paper has at least one false 'not reproduced', all its claims being just true.

    `claims`: how many of them could have been refuted by chance at that budget.
    """

    paper: str
    claims: int
    rate: float


def family(
    paper: Paper, name: str, foreign: Mapping[str, Experiment], noise: Noise, repetitions: int
) -> Iterator[Family | None]:
    """Judge a paper's claims at nightly, each at its margin, in numbers of its own.

    Yields None after every repetition but the last one, then the answer.
    """
    claims = [_own_numbers(claim, i) for i, claim in enumerate(paper.claims)]
    claims = [c for c in claims if BUDGET in c.budgets and not c.ours]
    apart = replace(paper, claims=claims, studies=())
    used = dict.fromkeys(x for claim in claims for x in claim.check.experiments)
    declared = {**foreign, **{e.name: e for e in paper.experiments}}
    base, places = _declared_rows({x: declared[x] for x in used})
    rng = np.random.default_rng([SEED, zlib.crc32(f"{name}/{noise.name}".encode())])
    wrong, tested = 0, 0
    for repetition in range(repetitions):
        columns: dict[str, Array] = {}
        for claim in claims:
            for metric, where, level, scale in _at_the_margin(claim, rng):
                column = columns.setdefault(metric, np.full(len(base), np.nan))
                fixed = declared[where].deterministic and metric != "seconds"
                drawn = noise.draw(rng, column[places[where]].shape)
                column[places[where]] = level + (0.0 if fixed else scale) * drawn
        measured = pd.concat([base, pd.DataFrame(columns)], axis=1)
        verdicts = judge(apart, measured, BUDGET, foreign)
        wrong += any(verdict.refuted for verdict in verdicts)
        if not repetition:
            tested = sum(v.p_against is not None for v in verdicts)
        if repetition < repetitions - 1:
            yield None
    yield Family(name, tested, wrong / repetitions)


def _own_numbers(claim: Claim, i: int) -> Claim:
    """Return the claim about a metric of its own, so that claims do not share numbers."""
    check: Any = claim.check
    if isinstance(check, CostRatio):
        return claim
    new: dict[str, Any] = {"metric": f"{i}"}
    if vars(check).get("other"):
        new["other"] = f"{i}.other"
    best = getattr(check, "best", None)
    if isinstance(best, BestOf):
        new["best"] = replace(best, metric=f"{i}.best")
    elif best:
        new["best"] = {name: replace(b, metric=f"{i}.best") for name, b in best.items()}
    return replace(claim, check=replace(check, **new))


def _declared_rows(
    experiments: Mapping[str, Experiment],
) -> tuple[pd.DataFrame, dict[str, slice]]:
    """Return the rows that are declared, without metrics, and where those of whom stand."""
    frames = [pd.DataFrame(columns=["experiment", "seed", "member"])] * (not experiments)
    places, start = dict[str, slice](), 0
    for name, experiment in experiments.items():
        trials = experiment.trials(BUDGET)
        members = number_of(experiment.replicates, experiment.at(BUDGET))
        columns = {
            "experiment": name,
            "seed": np.repeat(np.arange(trials), members),
            "member": np.tile(np.arange(members), trials),
            "status": "completed",
            "stopped_by": "length",
            "data_hash": "",
        }
        frames.append(pd.DataFrame(columns))
        places[name] = slice(start, start + trials * members)
        start += trials * members
    return pd.concat(frames, ignore_index=True), places


Cell = tuple[str, str, float, float]  # metric, experiment, mean, sd


def _at_the_margin(claim: Claim, rng: np.random.Generator) -> Iterator[Cell]:
    """Yield the means and spreads at which a claim is just true."""
    check: Any = claim.check
    for name, best in _bests(check):
        yield best, name, 0.5, SPREAD
    match check:
        case Exact():
            yield check.metric, check.experiment, check.value, 0.0
        case Value():
            yield check.metric, check.experiment, rng.choice(check.band(BUDGET)), SPREAD
        case AtLeast():
            yield check.metric, check.experiment, check.bound(BUDGET), SPREAD
        case CostRatio():
            yield check.cost, check.cheap, 1.0, COST
            yield check.cost, check.dear, check.at_least, COST * check.at_least
        case Ordering():
            steps = [(name, step) for step, rank in enumerate(check.ranks) for name in rank]
            for name, step in steps:
                yield check.metric, name, 0.5 + step * check.margin, SPREAD
        case Trend():
            yield from ((check.metric, name, 0.5, SPREAD) for name in check.rising)
        case _:
            yield from _gap_at_the_margin(check, rng)


def _gap_at_the_margin(check: Any, rng: np.random.Generator) -> Iterator[Cell]:
    if isinstance(check, Same):
        yield check.metric, check.first, 0.5, SPREAD
        yield check.metric, check.second, 0.5 + check.margin * rng.choice((-1, 1)), SPREAD
        return
    if isinstance(check, Spread):
        yield from ((check.metric, name, 0.5, SPREAD) for name in check.experiments)
        return
    size = check.at_least if isinstance(check, Effect) else 0.0
    yield check.of_low, check.low, 0.5, SPREAD
    yield check.metric, check.high, 0.5 + size, SPREAD


def _bests(check: Any) -> Iterator[tuple[str, str]]:
    """Yield (experiment, metric) by which a check takes the best of several trials."""
    best = getattr(check, "best", None)
    if isinstance(best, BestOf):
        yield check.experiment, best.metric
    elif best:
        yield from ((name, one.metric) for name, one in best.items())
