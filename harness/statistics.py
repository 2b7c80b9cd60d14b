"""Estimates, intervals and tests on plain numbers: what `harness.judge.rules` reasons with.

Almost everything is an `Estimate`: a value with its standard error and degrees of freedom, so that
one t interval and one t test serve means, differences, log ratios and rank correlations alike.

Symbols: n runs · s^2 sample variance · nu0, s0^2 df and variance of earlier runs · alpha level.
`p_above(b)` is the p value of H0 "the truth is at most b"; small means "above b".
A quantity without spread (a constant, or runs that all agree) has error 0 and a point interval;
a quantity whose spread is unknown (one run) has error NaN and supports no decision.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.floating[Any]]

PRIOR_DF = 20  # earlier runs never count for more than this many degrees of freedom
MOST_SEEDS = 1000  # beyond this, "more seeds" is no advice
RESAMPLES = 9999


@dataclass(frozen=True)
class Estimate:
    """A value, its standard error, the df of that error, and from how many runs (0: constant)."""

    value: float
    error: float = 0.0
    df: float = math.inf
    n: int = 0

    def interval(self, level: float) -> tuple[float, float]:
        """Return the two-sided t interval; NaN bounds when the spread is unknown."""
        if self.error == 0:
            return self.value, self.value
        half = float(stats.t.ppf((1 + level) / 2, self.df)) * self.error
        return self.value - half, self.value + half

    def p_above(self, bound: float) -> float:
        """Return the one-sided p value of H0: truth <= bound."""
        if self.error == 0:
            return 0.0 if self.value > bound else 1.0
        return float(stats.t.sf((self.value - bound) / self.error, self.df))

    def p_below(self, bound: float) -> float:
        """Return the one-sided p value of H0: truth >= bound."""
        return Estimate(-self.value, self.error, self.df).p_above(-bound)

    def p_differs(self) -> float:
        """Return the two-sided p value of H0: truth = 0."""
        return min(2 * min(self.p_above(0.0), self.p_below(0.0)), 1.0)


def spread(values: Array) -> tuple[float, int]:
    """Return (variance, degrees of freedom); (0, 0) of fewer than two runs."""
    if len(values) < 2:
        return 0.0, 0
    return float(np.var(values - values[0], ddof=1)), len(values) - 1


def center(values: Array) -> float:
    """Return the mean; equal values give exactly that value, without rounding."""
    return float(values[0] + np.mean(values - values[0]))


def mean(values: Array, earlier: Array | None = None) -> Estimate:
    """Estimate the mean, its variance pooled with that of earlier, independent runs.

    sigma^2 = (nu0 s0^2 + (n - 1) s^2) / (nu0 + n - 1), with nu0 at most 20; the earlier runs
    lend their spread, never their mean.
    """
    variance, df = spread(values)
    if earlier is not None:
        variance0, df0 = spread(earlier)
        nu0 = min(df0, PRIOR_DF)
        variance = (nu0 * variance0 + df * variance) / max(nu0 + df, 1)
        df += nu0
    error = math.sqrt(variance / len(values)) if df else math.nan
    return Estimate(center(values), error, df, len(values))


def difference(high: Estimate, low: Estimate) -> Estimate:
    """Return high - low of independent estimates, df after Welch and Satterthwaite."""
    gap = high.value - low.value
    n = min((side.n for side in (high, low) if side.n), default=0)
    variance = high.error**2 + low.error**2
    if not variance > 0:  # two constants, or an unknown spread (NaN)
        return Estimate(gap, math.sqrt(variance), n=n)
    share = high.error**2 / variance
    df = 1 / (share**2 / high.df + (1 - share) ** 2 / low.df)
    return Estimate(gap, math.sqrt(variance), df, n)


def logarithm(positive: Estimate) -> Estimate:
    """Return the log of a positive estimate; its error by the delta method."""
    value = math.log(positive.value)
    return replace(positive, value=value, error=positive.error / positive.value)


def kendall(first: Array, second: Array) -> Estimate:
    """Return atanh of Kendall's tau-b, whose standard error is about sqrt(0.437 / (n - 4)).

    Fieller, Hartley and Pearson, "Tests for rank correlation coefficients I", Biometrika 44
    (1957); good for |tau| < 0.8 and n >= 10. NaN when one of the two has no spread.
    """
    if np.ptp(first) == 0 or np.ptp(second) == 0 or len(first) < 5:
        return Estimate(math.nan, math.nan)
    tau = float(stats.kendalltau(first, second).statistic)
    limit = 1 - 1e-12  # atanh(1) is infinite
    error = math.sqrt(0.437 / (len(first) - 4))
    return Estimate(math.atanh(min(max(tau, -limit), limit)), error, n=len(first))


def seeds_needed(now: Estimate, reach: float, level: float) -> int | None:
    """Return the smallest number of seeds whose interval reaches less far than `reach`.

    Takes today's mean and sigma for granted; None when more than MOST_SEEDS would be needed.
    """
    seeds = np.arange(max(now.n + 1, 3), MOST_SEEDS + 1)
    errors = now.error * np.sqrt(now.n / seeds)
    half = stats.t.ppf((1 + level) / 2, now.df + seeds - now.n) * errors
    enough = seeds[half < reach]
    return int(enough[0]) if enough.size else None


def smallest_p(high: int, low: int, paired: bool) -> float:
    """Return the smallest two-sided p that an exact permutation test of this size can give."""
    return 2 / (2**high if paired else math.comb(high + low, low))


def _mean_gap(high: Array, low: Array, axis: int) -> Array:
    return np.asarray(np.mean(high, axis=axis) - np.mean(low, axis=axis))


def permutation_p(high: Array, low: Array, paired: bool) -> float:
    """Return the two-sided permutation p of the difference of means.

    Pairs swap their labels (sign flips), other runs are relabelled; all of these when they are at
    most RESAMPLES, else that many drawn by a fixed generator.
    """
    test = stats.permutation_test(
        (high, low),
        _mean_gap,
        permutation_type="samples" if paired else "independent",
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=1000,
        rng=np.random.default_rng(0),
    )
    return float(test.pvalue)


def page_p(blocks: Array) -> tuple[float, float]:
    """Return Page's p values for (rising, falling) along the columns; rows are blocks."""
    rising = stats.page_trend_test(blocks).pvalue
    falling = stats.page_trend_test(blocks[:, ::-1]).pvalue
    return float(rising), float(falling)


def concordance(blocks: Array) -> Array:
    """Return per row Kendall's tau between values and column number (ties count half)."""
    first, second = np.triu_indices(blocks.shape[1], k=1)
    return np.asarray(np.sign(blocks[:, second] - blocks[:, first]).mean(axis=1))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's adjusted p values (Scandinavian Journal of Statistics 6, 1979)."""
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p)
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(steps, 1.0)
    return [float(value) for value in adjusted]
