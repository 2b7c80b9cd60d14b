"""The checks, as statistics -> verdicts.

First the validity gate of `harness.judge.samples` (`not run`, `invalid`: no verdicts), then one
rule per kind of check, then Holm's correction over the refutations of one paper.

| check | test | reproduced when | not reproduced when |
|---|---|---|---|
| Value | TOST, 90 % interval, variance pooled with earlier | inside the band | wholly outside |
| AtLeast | one-sided t, 90 % interval, pooled likewise | wholly above | wholly below |
| Exact | none: counts have no spread | all equal | any differs |
| Effect | 95 % interval of the difference | above 0, estimate large enough | below 0 |
| Spread | as Effect, on absolute deviations from the median, never paired | above 0 | below 0 |
| Same | TOST on the difference, 90 % interval | inside +-margin | wholly outside |
| Ordering | one-sided t per neighbours, Holm over the pairs | all confirmed | any reversed |
| Trend | Page's test, (seed, member) as blocks | it rises | it falls |
| CostRatio | 95 % interval of the log ratio, trials as units | above `at_least` | below it |
| RankCorrelation | 95 % interval of Kendall's tau-b | above `at_least` | below it |

Anything between is `inconclusive`, and the note says how many seeds would decide. An effect, ratio
or correlation that is confirmed but too small is `partially reproduced`. Headline values at a
reduced budget are only `on track` or `off track`. Differences are paired by (seed, member) when
both sides have the same ones (n >= 3), else Welch's. One seed decides nothing, except in a
deterministic experiment, where it is the whole population. `p` belongs to the test that decided;
it is None where nothing random was tested.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import singledispatch
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
from harness.judge.samples import NOT_RUN, Sample, gather
from harness.judge.verdict import OPEN, PARTIALLY, REFUTED, REPRODUCED, Case, Verdict, mapped
from harness.paper import Paper
from harness.statistics import Array, Estimate

__all__ = ["Verdict", "judge"]

ALPHA = 0.05
ROUNDING = 1e-9  # the log of an exact ratio may fall this far short of the log of its bound


def judge(
    paper: Paper, measured: pd.DataFrame, budget: str, earlier: pd.DataFrame | None = None
) -> list[Verdict]:
    """Judge the claims that a paper declares for a budget, in the paper's order.

    Args:
        paper: the declarations.
        measured: one row per replicate: experiment, seed, member, status, stopped_by, data_hash,
            steps, seconds, flops (per replicate) and a column per metric (NaN where it has none).
        budget: the budget at which all of `measured` ran.
        earlier: rows of earlier generations of the same variants at the same budget; they lend
            their variance only, and those that stand in `measured` too are left out.
    """
    claims = [claim for claim in paper.claims if budget in claim.budgets]
    if measured.empty:
        return [Verdict(claim, budget, NOT_RUN, note="nothing was measured") for claim in claims]
    seedless = frozenset(e.name for e in paper.experiments if e.deterministic)
    evidence = gather(measured, earlier, seedless)
    floor = ALPHA / max(len(claims), 1)
    return _holm([_verdict(Case(claim, budget, evidence, floor)) for claim in claims])


def _verdict(case: Case) -> Verdict:
    """Pass the validity gate, judge, and see to it that one seed decides nothing."""
    check = case.claim.check
    for name in check.experiments:
        flaw = case.evidence.flaw(name, check.metrics_of(name))
        flaw = flaw or case.evidence.clocks(check.experiments, check.metrics_of(name))
        if flaw:
            return Verdict(case.claim, case.budget, flaw[0], n=case.n, note=flaw[1])
    verdict = _judge(check, case)
    if check.base:  # the metric is a logarithm: people read ratios
        verdict = mapped(verdict, check.base.__pow__)
    if case.fewest == 1 and not check.without_spread:
        return replace(verdict, verdict=OPEN, note=verdict.note or "needs at least 3 seeds")
    return verdict


def _holm(verdicts: list[Verdict]) -> list[Verdict]:
    """Take back the refutations that do not survive Holm's correction among themselves."""
    tested = [i for i, v in enumerate(verdicts) if v.refuted and v.p is not None]
    adjusted = statistics.holm([verdicts[i].p or 0.0 for i in tested])
    for i, p in zip(tested, adjusted, strict=True):
        if p > ALPHA:
            note = f"{verdicts[i].verdict} if judged alone; p = {p:.2g} after Holm"
            verdicts[i] = replace(verdicts[i], verdict=OPEN, note=note)
    return verdicts


# One rule per kind of check; `case` brings the samples and takes the decision.


@singledispatch
def _judge(check: Any, case: Case) -> Verdict:
    raise TypeError(f"no rule judges a {type(check).__name__}")


def _within(case: Case, estimate: Estimate, low: float, high: float) -> Verdict:
    """TOST: compare the 90 % interval with the band [low, high]."""
    lower, upper = estimate.interval(0.90)
    if upper < low or high < lower:
        p = min(estimate.p_below(low), estimate.p_above(high))
        return case.says(REFUTED, estimate, 0.90, p)
    p = max(estimate.p_above(low), estimate.p_below(high))
    if low <= lower and upper <= high:
        return case.says(REPRODUCED, estimate, 0.90, p)
    reach = min(abs(estimate.value - low), abs(high - estimate.value))
    note = case.needs(estimate, reach, 0.90)
    if not low <= estimate.value <= high:
        note = f"the mean is outside the band; {note}"
    return replace(case.says(OPEN, estimate, 0.90, p), note=note)


def _above(case: Case, estimate: Estimate, bound: float, level: float) -> Verdict:
    """Compare the interval with a lower bound for the truth."""
    lower, upper = estimate.interval(level)
    if upper < bound:
        return case.says(REFUTED, estimate, level, estimate.p_below(bound))
    p = estimate.p_above(bound)
    if lower >= bound:
        return case.says(REPRODUCED, estimate, level, p)
    note = case.needs(estimate, abs(estimate.value - bound), level)
    return replace(case.says(OPEN, estimate, level, p), note=note)


def _above_or_partly(case: Case, estimate: Estimate, bound: float) -> Verdict:
    """As `_above` at 95 %; below the bound but surely above 0 is a partial success."""
    verdict = _above(case, estimate, bound, 0.95)
    if verdict.verdict == REFUTED and estimate.interval(0.95)[0] > 0:
        partial = case.says(PARTIALLY, estimate, 0.95, estimate.p_above(0.0))
        return replace(partial, note="the direction is confirmed, the size is not")
    return verdict


@_judge.register
def _value(check: Value, case: Case) -> Verdict:
    sample = case.evidence.sample(check.experiment, check.metric)
    return _within(case, sample.mean(sample.earlier), *check.band(case.budget))


@_judge.register
def _at_least(check: AtLeast, case: Case) -> Verdict:
    sample = case.evidence.sample(check.experiment, check.metric)
    return _above(case, sample.mean(sample.earlier), check.bound(case.budget), 0.90)


@_judge.register
def _exact(check: Exact, case: Case) -> Verdict:
    """Compare every value; the interval is the range that was seen."""
    values = case.evidence.sample(check.experiment, check.metric).array
    word = REPRODUCED if (values == check.value).all() else REFUTED
    verdict = case.says(word, Estimate(statistics.center(values)), 0.95)
    return replace(verdict, low=float(values.min()), high=float(values.max()))


@_judge.register
def _same(check: Same, case: Case) -> Verdict:
    first, second = (case.evidence.sample(name, check.metric) for name in check.experiments)
    return _within(case, first.minus(second), -check.margin, check.margin)


@_judge.register
def _effect(check: Effect, case: Case) -> Verdict:
    high = case.evidence.sample(check.high, check.metric)
    low = case.evidence.sample(check.low, check.of_low)
    gap = high.minus(low)
    lower, upper = gap.interval(0.95)
    p, note = _effect_p(high, low, case.floor)
    if lower > 0 and gap.value >= check.at_least:
        return replace(case.says(REPRODUCED, gap, 0.95, p), note=note)
    if lower > 0:
        note = f"the direction is confirmed, but {gap.value:.3g} < {check.at_least:.3g}"
        return replace(case.says(PARTIALLY, gap, 0.95, p), note=note)
    if upper < 0:
        return replace(case.says(REFUTED, gap, 0.95, p), note=note)
    note = case.needs(gap, abs(gap.value), 0.95)
    return replace(case.says(OPEN, gap, 0.95, p), note=note)


@_judge.register
def _direction(check: Direction, case: Case) -> Verdict:
    return _effect(Effect(check.high, check.low, check.metric, 0.0, check.other, check.best), case)


@_judge.register
def _spread(check: Spread, case: Case) -> Verdict:
    """Brown and Forsythe: distances from the median are compared as means are."""
    high, low = (
        case.evidence.sample(name, check.metric).distances() for name in check.experiments
    )
    gap = statistics.difference(high, low)
    lower, upper = gap.interval(0.95)
    if gap.error and lower > 0:
        return case.says(REPRODUCED, gap, 0.95, gap.p_differs())
    if gap.error and upper < 0:
        return case.says(REFUTED, gap, 0.95, gap.p_differs())
    verdict = case.says(OPEN, gap, 0.95, gap.p_differs())
    return replace(verdict, note=case.needs(gap, abs(gap.value), 0.95))


def _effect_p(high: Sample, low: Sample, floor: float) -> tuple[float, str]:
    """Return the exact permutation p, or the t test's where few seeds cannot reach `floor`."""
    paired = high.pairs_with(low)
    if high.constant or low.constant:
        return high.minus(low).p_differs(), "p is the t test's: one side is a constant"
    if statistics.smallest_p(len(high.values), len(low.values), paired) > floor:
        return high.minus(low).p_differs(), "p is the t test's: too few seeds to permute"
    return statistics.permutation_p(high.array, low.array, paired), ""


@_judge.register
def _ordering(check: Ordering, case: Case) -> Verdict:
    """Test every neighbouring pair both ways; the numbers shown are those of the smallest gap."""
    sample = {name: case.evidence.sample(name, check.metric) for name in check.experiments}
    gaps = [sample[high].minus(sample[low]) for low, high in check.pairs]
    values = [gap.value for gap in gaps]
    least = int(np.argmin(values))
    note = f"smallest gap: {check.pairs[least][1]} - {check.pairs[least][0]}"
    if any(math.isnan(gap.error) for gap in gaps):
        unknown = case.says(OPEN, gaps[least], 0.90)
        return replace(unknown, note=f"{note}; needs at least 3 seeds")
    confirmed = max(statistics.holm([gap.p_above(check.margin) for gap in gaps]))
    reversed_ = min(statistics.holm([gap.p_below(check.margin) for gap in gaps]))
    word, p = OPEN, confirmed
    if confirmed < ALPHA:
        word = REPRODUCED
    elif reversed_ < ALPHA:
        word, p = REFUTED, reversed_
    else:
        level = 1 - 2 * ALPHA / len(gaps)
        note += f"; {case.needs(gaps[least], abs(values[least] - check.margin), level)}"
    chance = p if any(gap.error for gap in gaps) else None
    return replace(case.says(word, gaps[least], 0.90), p=chance, note=note)


@_judge.register
def _trend(check: Trend, case: Case) -> Verdict:
    """Page's test; the estimate is Kendall's tau with the declared order, mean over blocks."""
    samples = [case.evidence.sample(name, check.metric) for name in check.experiments]
    blocks = _blocks(samples)
    tau = statistics.mean(statistics.concordance(blocks)) if len(blocks) else Estimate(math.nan)
    if all(sample.constant for sample in samples):
        return case.says(REPRODUCED if tau.value == 1 else REFUTED, Estimate(tau.value), 0.90)
    if len(blocks) < 2 or len(samples) < 3:
        note = "Page's test needs 3 experiments and 2 seeds in common; needs at least 3 seeds"
        return replace(case.says(OPEN, tau, 0.90), note=note)
    rising, falling = statistics.page_p(blocks)
    word, p = (REFUTED, falling) if falling < ALPHA else (OPEN, rising)
    word = REPRODUCED if rising < ALPHA else word
    verdict = replace(case.says(word, tau, 0.90), p=p)
    if tau.error == 0:  # blocks that all agree have no t interval, yet are a random sample
        verdict = replace(verdict, low=None, high=None)
    note = "" if word != OPEN else "no trend either way; more seeds would tell"
    return replace(verdict, note=note or f"{len(blocks)} blocks")


def _blocks(samples: list[Sample]) -> Array:
    """Return values (blocks, experiments) of the common (seed, member); constants go with all."""
    random = [set(sample.values.index) for sample in samples if not sample.constant]
    keys = sorted(set.intersection(*random)) if random else [None]
    columns = [
        np.full(len(keys), sample.mean().value)
        if sample.constant
        else sample.values.reindex(keys).to_numpy(dtype=float)
        for sample in samples
    ]
    return np.column_stack(columns)


@_judge.register
def _cost_ratio(check: CostRatio, case: Case) -> Verdict:
    """Ratio of mean costs on a log scale (delta method, Welch's df); one value per trial."""
    trials = [case.evidence.sample(x, check.cost).per_trial() for x in check.experiments]
    dear, cheap = (statistics.logarithm(trial.mean()) for trial in trials)
    bound = math.log(check.at_least) - ROUNDING
    verdict = _above_or_partly(case, statistics.difference(dear, cheap), bound)
    return replace(mapped(verdict, math.exp), n=tuple(len(trial.values) for trial in trials))


@_judge.register
def _rank_correlation(check: RankCorrelation, case: Case) -> Verdict:
    first = case.evidence.sample(check.experiment, check.metric).array
    second = case.evidence.sample(check.experiment, check.other).array
    tau = statistics.kendall(first, second)
    if len(first) < check.fewest or math.isnan(tau.value):
        few = f"needs at least {check.fewest} replicates that differ in both metrics"
        return mapped(replace(case.says(OPEN, tau, 0.95), note=few), math.tanh)
    return mapped(_above_or_partly(case, tau, math.atanh(check.at_least)), math.tanh)
