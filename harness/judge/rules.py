"""The checks, as statistics -> verdicts.

First the gate of `harness.judge.samples` (`not run`, `blocked`, `invalid`, `incomplete`: no
verdicts), then one rule per kind of check, then Holm's correction over the refutations of one
paper. One interval decides everywhere: 95 % two-sided, which is 2.5 % a side, of the mean over
units: trials, or replicates that share nothing (`Experiment.independent`).

| check | reproduced when the interval | not reproduced when it | of what |
|---|---|---|---|
| Value | lies inside the band | lies wholly outside | the mean (TOST) |
| AtLeast | lies above the bound | lies below it | the mean |
| Exact | (all values are equal to it) | (any differs) | counts, without spread |
| Effect | lies above `at_least` | lies below it, not above 0 | the difference |
| Direction | lies above 0 | lies below 0 | the difference |
| Spread | lies above 1 | lies below 1 | the ratio of Gini's mean differences |
| Same | lies inside +-margin | lies wholly outside | the difference (TOST) |
| Ordering | lies above the margin, every pair | lies below it, any pair after Holm | differences |
| Trend | (Page's test: it rises) | (Page's test: it falls) | units as blocks |
| CostRatio | lies above `at_least` | lies below it, not above 1 | the ratio, trials as units |
| RankCorrelation | lies above `at_least` | lies below it, not above 0 | Kendall's tau-b |

Anything between is `inconclusive`, and the note says how many trials would decide. An effect,
ratio or correlation whose interval lies above 0 (1) but not above the size that was claimed is
`partially reproduced`. Headline values at a reduced budget are only `on track` or `off track`.

Differences are paired when both sides have the same units, else Welch's. Below three units there
is neither interval nor verdict, nor where units of a random experiment all agree; but units that
are each 0 or 1 have Clopper and Pearson's interval. The error of the paper's own mean, where it
printed sd and n, enters those of Value and AtLeast. A deterministic experiment is its whole
population, a constant. A claim that declares looks is judged at these numbers of trials only,
each at the level that O'Brien and Fleming's boundary leaves it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache, singledispatch
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from harness import statistics
from harness.checks import (
    AtLeast,
    CostRatio,
    Direction,
    Effect,
    Exact,
    Ordering,
    RankCorrelation,
    Same,
    Spread,
    Trend,
    Value,
)
from harness.judge.samples import BLOCKED, NOT_RUN, STATUSES, Evidence, Sample
from harness.judge.verdict import (
    ALPHA,
    OPEN,
    PARTIALLY,
    REFUTED,
    REPRODUCED,
    Case,
    Samples,
    Verdict,
    doubled,
    mapped,
)
from harness.paper import Claim, Experiment, Paper
from harness.statistics import FEWEST, Array, Estimate

__all__ = ["STATUSES", "Verdict", "judge", "judge_each"]

ROUNDING = 1e-9  # an exact difference or log ratio may fall this far short of its bound
NONE: Mapping[str, Experiment] = MappingProxyType({})


def judge(
    paper: Paper,
    measured: pd.DataFrame,
    budget: str,
    foreign: Mapping[str, Experiment] = NONE,
) -> list[Verdict]:
    """Judge the claims that a paper declares for a budget, in the paper's order.

    Args:
        paper: the declarations.
        measured: one row per (seed, member) of an experiment: experiment, seed, member, status,
            stopped_by, data_hash, steps, seconds, flops (per replicate) and a column per metric
            (NaN where it has none). Experiments of other papers are named "paper/experiment".
        budget: the budget at which all of `measured` ran.
        foreign: the declarations of those of other papers, by that name.
    """
    return _holm(judge_each(paper, measured, budget, foreign))


def judge_each(
    paper: Paper,
    measured: pd.DataFrame,
    budget: str,
    foreign: Mapping[str, Experiment] = NONE,
) -> list[Verdict]:
    """Judge each claim as if its paper made no other: before Holm's correction."""
    claims = [claim for claim in paper.claims if budget in claim.budgets]
    if measured.empty:
        return [_unmeasured(claim, budget) for claim in claims]
    declared = {**foreign, **{e.name: e for e in paper.experiments}}
    evidence = Evidence(measured, declared, budget)
    return [_verdict(claim, evidence) for claim in claims]


def _unmeasured(claim: Claim, budget: str) -> Verdict:
    if claim.blocked:
        return Verdict(claim, budget, BLOCKED, note=claim.blocked)
    return Verdict(claim, budget, NOT_RUN, note="nothing was measured")


def _verdict(claim: Claim, evidence: Evidence) -> Verdict:
    """Pass the gate, then judge at the level of this look."""
    flaw = evidence.flaw(claim)
    if flaw:
        return Verdict(claim, evidence.budget, flaw[0], note=flaw[1])
    look = evidence.look(claim) if claim.looks else 0
    alpha = _alpha(look, claim.looks) if look else ALPHA
    verdict = _judge(claim.check, Case(claim, evidence.budget, evidence, alpha))
    # where the metric is a logarithm, people read ratios
    return mapped(verdict, float(claim.check.base).__pow__) if claim.check.base else verdict


@lru_cache
def _alpha(look: int, looks: tuple[int, ...]) -> float:
    return statistics.look_alpha(look, looks, ALPHA)


def _holm(verdicts: list[Verdict]) -> list[Verdict]:
    """Take back the refutations that do not survive Holm's correction over all that were tested.

    Tested is what could have been refuted by chance; the checks of our own code are apart.
    """
    tested = [
        (i, v.p_against * ALPHA / v.alpha)
        for i, v in enumerate(verdicts)
        if v.p_against is not None and not v.claim.ours
    ]
    if not any(verdicts[i].refuted for i, _ in tested):
        return verdicts
    adjusted = statistics.holm([min(p, 1.0) for _, p in tested])
    for (i, _), p in zip(tested, adjusted, strict=True):
        if verdicts[i].refuted and p > ALPHA:
            note = f"{verdicts[i].verdict} if judged alone; p = {p:.2g} after Holm"
            verdicts[i] = replace(verdicts[i], verdict=OPEN, note=note)
    return verdicts


# One rule per kind of check; `case` brings the samples and takes the decision.


@singledispatch
def _judge(check: Any, case: Case) -> Verdict:
    raise TypeError(f"no rule judges a {type(check).__name__}")


def _inside(case: Case, estimate: Estimate, low: float, high: float, *samples: Sample) -> Verdict:
    """TOST: compare the interval with the band [low, high]."""
    if estimate.unknown:
        return case.unknown(estimate, samples)
    lower, upper = case.interval(estimate, samples)
    against = min(estimate.p_below(low), estimate.p_above(high))
    if upper < low or high < lower:
        return case.says(REFUTED, estimate, samples, against, against)
    p = max(estimate.p_above(low), estimate.p_below(high))
    if low <= lower and upper <= high:
        return case.says(REPRODUCED, estimate, samples, p, against)
    reach = min(abs(estimate.value - low), abs(high - estimate.value))
    note = case.needs(estimate, reach, samples)
    if not low <= estimate.value <= high:
        note = f"the mean is outside the band; {note}"
    return replace(case.says(OPEN, estimate, samples, p, against), note=note)


def _above(case: Case, estimate: Estimate, bound: float, *samples: Sample) -> Verdict:
    """Compare the interval with a lower bound for the truth."""
    if estimate.unknown:
        return case.unknown(estimate, samples)
    lower, upper = case.interval(estimate, samples)
    p, against = estimate.p_above(bound), estimate.p_below(bound)
    if lower >= bound - ROUNDING * estimate.constant:
        return case.says(REPRODUCED, estimate, samples, p, against)
    if upper < bound:
        return case.says(REFUTED, estimate, samples, against, against)
    note = case.needs(estimate, abs(estimate.value - bound), samples)
    return replace(case.says(OPEN, estimate, samples, p, against), note=note)


def _above_or_partly(case: Case, estimate: Estimate, bound: float, *samples: Sample) -> Verdict:
    """As `_above`; surely above 0 but not surely above the bound is a partial success."""
    verdict = _above(case, estimate, bound, *samples)
    if verdict.verdict == REPRODUCED or estimate.unknown:
        return verdict
    if case.interval(estimate, samples)[0] > 0:
        p, against = estimate.p_above(0.0), estimate.p_below(bound)
        partial = case.says(PARTIALLY, estimate, samples, p, against)
        note = "the direction is confirmed, the size is not"
        if estimate.value > bound:
            note += f": {case.needs(estimate, estimate.value - bound, samples)}"
        return replace(partial, note=note)
    if verdict.verdict == OPEN and estimate.value < bound:
        reach = max(estimate.value, bound - estimate.value)
        return replace(verdict, note=case.needs(estimate, reach, samples))
    return verdict


def _mean(case: Case, sample: Sample, ours: bool) -> Estimate:
    """Return the mean of an experiment, with the error of the paper's own beside it.

    Not where the band is one of `ours`, set for this budget: then the paper's mean is not in it.
    """
    estimate, published = sample.mean(), case.claim.published
    if sample.binary and not sample.constant and (case.claim.unit == "%" or not estimate.unknown):
        estimate = statistics.proportion(sample.array)
    if ours or published.sd is None or published.n is None:
        return estimate
    return statistics.beside(estimate, published.sd, published.n)


@_judge.register
def _value(check: Value, case: Case) -> Verdict:
    sample = case.evidence.sample(check.experiment, check.metric, check.best)
    estimate = _mean(case, sample, case.budget in check.bands)
    return _inside(case, estimate, *check.band(case.budget), sample)


@_judge.register
def _at_least(check: AtLeast, case: Case) -> Verdict:
    sample = case.evidence.sample(check.experiment, check.metric)
    estimate = _mean(case, sample, case.budget in check.bands)
    return _above(case, estimate, check.bound(case.budget), sample)


@_judge.register
def _exact(check: Exact, case: Case) -> Verdict:
    """Compare every row; the interval is the range that was seen."""
    sample = case.evidence.every(check.experiment, check.metric)
    values = sample.array
    word = REPRODUCED if (values == check.value).all() else REFUTED
    verdict = case.says(word, Estimate(statistics.center(values)), (sample,))
    return replace(verdict, low=float(values.min()), high=float(values.max()))


@_judge.register
def _same(check: Same, case: Case) -> Verdict:
    first, second = (case.evidence.sample(name, check.metric) for name in check.experiments)
    return _inside(case, first.minus(second), -check.margin, check.margin, first, second)


@_judge.register
def _effect(check: Effect, case: Case) -> Verdict:
    high, low = _sides(check, case)
    return _above_or_partly(case, high.minus(low), check.at_least, high, low)


@_judge.register
def _direction(check: Direction, case: Case) -> Verdict:
    """As an effect of any size; two constants that are equal have no order."""
    high, low = _sides(check, case)
    gap = high.minus(low)
    if gap.constant and gap.value == 0:
        return case.says(REFUTED, gap, (high, low))
    return _above(case, gap, 0.0, high, low)


@_judge.register
def _spread(check: Spread, case: Case) -> Verdict:
    """Ratio of mean differences on a log scale, where their distribution is least skew."""
    high, low = (case.evidence.sample(name, check.metric) for name in check.experiments)
    parts = [statistics.mean_difference(sample.array) for sample in (high, low)]
    if any(part.unknown for part in parts):
        return case.unknown(Estimate(math.nan, math.nan), (high, low))
    gap = statistics.difference(*map(statistics.logarithm, parts))
    return mapped(_above(case, gap, 0.0, high, low), math.exp)


def _sides(check: Effect | Direction, case: Case) -> tuple[Sample, Sample]:
    high = case.evidence.sample(check.high, check.metric, check.best.get(check.high))
    low = case.evidence.sample(check.low, check.of_low, check.best.get(check.low))
    return high, low


@_judge.register
def _ordering(check: Ordering, case: Case) -> Verdict:
    """Test every neighbouring pair both ways; the numbers shown are those of the smallest gap.

    All pairs must be confirmed, so each is tested at the full level (Berger's intersection-union
    test); any one that is reversed refutes, so these are corrected after Holm.
    """
    sample = {name: case.evidence.sample(name, check.metric) for name in check.experiments}
    gaps = {(low, high): sample[high].minus(sample[low]) for low, high in check.pairs}
    for (low, high), gap in gaps.items():
        if gap.unknown:
            unknown = case.unknown(gap, (sample[high], sample[low]))
            return replace(unknown, note=f"{high} - {low}: {unknown.note}")
    (low, high), least = min(gaps.items(), key=lambda item: item[1].value)
    samples, random = tuple(sample.values()), [gap for gap in gaps.values() if not gap.constant]
    p = max((gap.p_above(check.margin) for gap in random), default=math.nan)
    lowest = min((gap.p_below(check.margin) for gap in random), default=math.nan)
    against = min(len(random) * lowest, 1.0) if random else math.nan  # Holm's first step
    word, note = OPEN, f"smallest gap: {high} - {low}"
    if all(case.interval(gap)[0] > check.margin for gap in gaps.values()):
        word = REPRODUCED
    elif any(gap.constant and gap.value <= check.margin for gap in gaps.values()):
        word, p, against = REFUTED, math.nan, math.nan
    elif 2 * against <= case.alpha:
        word, p = REFUTED, against
    else:
        note += f"; {case.needs(least, abs(least.value - check.margin), samples)}"
    verdict = case.says(word, least, samples)
    return replace(verdict, p=doubled(p), p_against=doubled(against), note=note)


@_judge.register
def _trend(check: Trend, case: Case) -> Verdict:
    """Page's test; the estimate is Kendall's tau with the declared order, mean over blocks."""
    samples = tuple(case.evidence.sample(name, check.metric) for name in check.experiments)
    blocks = _blocks(samples)
    if all(sample.constant for sample in samples):
        tau = float(statistics.concordance(blocks).mean())
        return case.says(REPRODUCED if tau == 1 else REFUTED, Estimate(tau), samples)
    if len(blocks) < FEWEST or len(samples) < 3:
        few = case.says(OPEN, Estimate(math.nan, math.nan), samples)
        note = f"needs 3 experiments and at least {FEWEST} {case.noun} in common"
        return replace(few, note=note)
    tau_ = statistics.mean(statistics.concordance(blocks))
    if all(statistics.agree(column) for column in blocks.T):
        return case.unknown(tau_, samples)
    rising, falling = statistics.page_p(blocks)
    word, p, note = OPEN, rising, "no trend either way; more trials would tell"
    if 2 * falling <= case.alpha:
        word, p = REFUTED, falling
    if 2 * rising <= case.alpha:
        word = REPRODUCED
    verdict = case.says(word, tau_, samples, p, falling)
    return replace(verdict, note=note if word == OPEN else f"{len(blocks)} blocks")


def _blocks(samples: Samples) -> Array:
    """Return values (blocks, experiments) of the common units; constants go with all."""
    values = [dict(zip(s.keys, s.array, strict=True)) for s in samples if not s.constant]
    keys = sorted(set.intersection(*(set(known) for known in values))) if values else [None]
    random = iter(values)
    columns = [
        np.full(len(keys), sample.mean().value)
        if sample.constant
        else np.array([found[key] for found in [next(random)] for key in keys if key is not None])
        for sample in samples
    ]
    return np.column_stack(columns)


@_judge.register
def _cost_ratio(check: CostRatio, case: Case) -> Verdict:
    """Ratio of mean costs on a log scale (delta method, Welch's df); one value per trial."""
    samples = [case.evidence.sample(name, check.cost) for name in check.experiments]
    dear, cheap = (statistics.logarithm(sample.mean()) for sample in samples)
    gap = statistics.difference(dear, cheap)
    return mapped(_above_or_partly(case, gap, math.log(check.at_least), *samples), math.exp)


@_judge.register
def _rank_correlation(check: RankCorrelation, case: Case) -> Verdict:
    """Kendall's tau-b over the members: of each trial, or of all where they are independent.

    Members that share what a trial drew are one draw of a correlation, whatever their number: the
    taus of the trials are then the units. Independent ones are pairs of one sample, on the scale
    of atanh.
    """
    first, second = (case.evidence.every(check.experiment, m) for m in (check.metric, check.other))
    experiment = case.evidence.declared[check.experiment]
    seeds = np.array([seed for _, seed, _ in first.keys])
    pools = [np.full(len(seeds), True)]
    if not (experiment.independent or experiment.deterministic):
        pools = [seeds == seed for seed in np.unique(seeds)]
    fewest = min(int(pool.sum()) for pool in pools)
    taus = np.array([statistics.tau(first.array[pool], second.array[pool]) for pool in pools])
    if fewest < check.fewest or np.isnan(taus).any():
        few = f"needs at least {check.fewest} replicates that differ in both metrics"
        return replace(case.says(OPEN, Estimate(math.nan, math.nan), (first,)), note=few)
    if experiment.deterministic:
        return _above_or_partly(case, Estimate(float(taus[0])), check.at_least, first)
    if experiment.independent:
        pooled = statistics.kendall(first.array, second.array)
        bound = math.atanh(check.at_least)
        return mapped(_above_or_partly(case, pooled, bound, first), math.tanh)
    keys = tuple((1, int(seed), 0) for seed in np.unique(seeds))
    units = Sample(keys, taus, fewest)
    return _above_or_partly(case, statistics.mean(taus), check.at_least, units)
