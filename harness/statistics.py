"""Estimates, intervals and tests on plain numbers: what `harness.judge.rules` reasons with.

Almost everything is an `Estimate`: a value with its standard error and degrees of freedom, so that
one t interval and one t test serve means, differences and log ratios alike.

Student's t is too sure on the long side of what is skewed: with a skewness of 1.4 and 3 to 16
units, 6 to 8 % of its intervals lie wholly below the truth, not 2.5. Hall's transformation of t
("On the removal of skewness by transformation", J. R. Stat. Soc. B 54, 1992) takes most of that
back, but is itself too sure of a few units without skew. So both are asked: an interval reaches
as far as the farther of the two, and of two p values the larger holds.

Symbols: n units (trials, or replicates that share nothing) · s^2 sample variance · alpha level ·
k3 third central moment. `p_above(b)` is the one-sided p value of H0 "the truth is at most b";
small means "above b".
A constant has error 0 and a point interval. A spread that is unknown has error NaN and supports
no decision: that of fewer than FEWEST units, and that of units which all agree, for a sample
without spread says nothing of how far the next one may lie.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

Array = NDArray[np.floating[Any]]

FEWEST = 3  # units below which there is no interval
MOST = 1000  # beyond this, "more trials" is no advice
ROUNDING = 1e-9  # values that differ by less than this share of their size are equal


@dataclass(frozen=True)
class Estimate:
    """A value, its standard error, the df of that error, and from how many units (0: constant).

    `skew` is the third moment of the value over error^3: the skewness of n units over sqrt(n).
    """

    value: float
    error: float = 0.0
    df: float = math.inf
    n: int = 0
    skew: float = 0.0

    @property
    def unknown(self) -> bool:
        """Whether nothing is known of its error."""
        return math.isnan(self.error)

    @property
    def constant(self) -> bool:
        """Whether it is no estimate at all, but the quantity itself."""
        return self.error == 0

    def interval(self, level: float) -> tuple[float, float]:
        """Return the two-sided interval; NaN bounds when the spread is unknown."""
        if self.constant:
            return self.value, self.value
        below, above = reach(quantile((1 + level) / 2, self.df), self.skew)
        return self.value - below * self.error, self.value + above * self.error

    def p_above(self, bound: float) -> float:
        """Return the one-sided p value of H0: truth <= bound."""
        if self.constant:
            return 0.0 if self.value > bound else 1.0
        t = (self.value - bound) / self.error
        return tail(min(t, straightened(t, self.skew)), self.df)

    def p_below(self, bound: float) -> float:
        """Return the one-sided p value of H0: truth >= bound."""
        if self.constant:
            return 0.0 if self.value < bound else 1.0
        t = (self.value - bound) / self.error
        return tail(-max(t, straightened(t, self.skew)), self.df)

    def of(self, units: int) -> Estimate:
        """Return the estimate that so many units would give, with today's mean and sigma."""
        share = math.sqrt(self.n / units)
        df = self.df + units - self.n
        return Estimate(self.value, self.error * share, df, units, self.skew * share)


@dataclass(frozen=True)
class Proportion(Estimate):
    """The mean of n units that are each 0 or 1: Clopper and Pearson's exact interval and test.

    Biometrika 26 (1934). Holds without spread too: n successes of n leave room for a failure.
    """

    def interval(self, level: float) -> tuple[float, float]:
        """Return the exact two-sided interval."""
        hits, misses, beyond = self.hits, self.n - self.hits, (1 - level) / 2
        low = special.betaincinv(hits, misses + 1, beyond) if hits else 0.0
        high = special.betaincinv(hits + 1, misses, 1 - beyond) if misses else 1.0
        return float(low), float(high)

    def p_above(self, bound: float) -> float:
        """Return the one-sided binomial p value of H0: truth <= bound."""
        return float(special.bdtrc(self.hits - 1, self.n, within(bound))) if self.hits else 1.0

    def p_below(self, bound: float) -> float:
        """Return the one-sided binomial p value of H0: truth >= bound."""
        return float(special.bdtr(self.hits, self.n, within(bound)))

    def of(self, units: int) -> Estimate:
        """Return the estimate that so many units would give, with about today's share."""
        return replace(self, value=round(self.value * units) / units, n=units, df=units - 1)

    @property
    def hits(self) -> int:
        """How many of the units are 1."""
        return round(self.value * self.n)


def within(share: float) -> float:
    """Return the nearest number that can be a share."""
    return min(max(share, 0.0), 1.0)


@lru_cache(maxsize=4096)
def quantile(share: float, df: float) -> float:
    """Return Student's quantile; with infinite degrees of freedom the normal one."""
    return float(special.ndtri(share) if math.isinf(df) else special.stdtrit(df, share))


def tail(t: float, df: float) -> float:
    """Return the upper tail of Student's distribution beyond t."""
    return float(special.ndtr(-t) if math.isinf(df) else special.stdtr(df, -t))


def straightened(t: float, skew: float) -> float:
    """Return Hall's transformation of t: with w = skew / 3, t + w t^2 + w^2 t^3 / 3 + w / 2."""
    w = skew / 3
    return t + w * t**2 + w**2 * t**3 / 3 + w / 2


def reach(t: float, skew: float) -> tuple[float, float]:
    """Return how many errors below and above the value its interval reaches, at a quantile t.

    The farther of Student's and Hall's: the latter is `straightened` the other way round.
    """
    w = skew / 3
    if abs(w) < ROUNDING:
        return t, t

    def back(h: float) -> float:
        return (math.cbrt(1 + 3 * w * (h - w / 2)) - 1) / w

    return max(t, back(t)), max(t, -back(-t))


def center(values: Array) -> float:
    """Return the mean, NaN of none; equal values give exactly that value, without rounding."""
    return math.nan if not len(values) else float(values[0] + np.mean(values - values[0]))


def agree(values: Array, scale: float = 0.0) -> bool:
    """Whether all values are equal, but for the rounding of numbers as large as `scale`."""
    size = max(scale, float(np.abs(values).max()))
    return bool(np.ptp(values) <= ROUNDING * size)


def mean(values: Array, scale: float = 0.0) -> Estimate:
    """Estimate the mean; its error is unknown below FEWEST values, and where all are equal.

    `scale` is the size of the numbers that the values are differences of, if they are.
    """
    n, value = len(values), center(values)
    if n < FEWEST or agree(values, scale):
        return Estimate(value, math.nan, n - 1, n)
    error, deviations = float(np.std(values, ddof=1)) / math.sqrt(n), values - value
    k3 = float((deviations**3).sum()) * n / ((n - 1) * (n - 2))  # without bias
    return Estimate(value, error, n - 1, n, k3 / n**2 / error**3)


def proportion(values: Array) -> Estimate:
    """Estimate the mean of values that are each 0 or 1; its error is unknown below FEWEST."""
    n, share = len(values), center(values)
    if n < FEWEST:
        return Estimate(share, math.nan, n - 1, n)
    return Proportion(share, 1 / math.sqrt(n), n - 1, n)


def difference(high: Estimate, low: Estimate) -> Estimate:
    """Return high - low of independent estimates, df after Welch and Satterthwaite."""
    gap = high.value - low.value
    n = min((side.n for side in (high, low) if side.n), default=0)
    variance = high.error**2 + low.error**2
    if not variance > 0:  # two constants, or an unknown spread (NaN)
        return Estimate(gap, math.sqrt(variance), n=n)
    share = high.error**2 / variance
    df = 1 / (share**2 / high.df + (1 - share) ** 2 / low.df)
    skew = share**1.5 * high.skew - (1 - share) ** 1.5 * low.skew
    return Estimate(gap, math.sqrt(variance), df, n, skew)


def beside(ours: Estimate, sd: float, n: int) -> Estimate:
    """Return our estimate with the error of a published mean: sd over n runs of theirs."""
    both = difference(ours, Estimate(0.0, sd / math.sqrt(n), n - 1, n))
    return replace(both, n=ours.n)


def mean_difference(values: Array) -> Estimate:
    """Estimate how far two values lie apart in the mean (Gini), its error by the jackknife.

    Unbiased at any n, unlike distances from a mean or median: sides may differ in n. Its error is
    unknown below three values, and where all are equally far from the others.
    """
    n = len(values)
    if n < 3:
        return Estimate(math.nan, math.nan, n=n)
    apart = np.abs(values[:, None] - values[None, :]).sum(axis=1) / (n - 1)
    value = float(apart.mean())
    squares = 0.0 if agree(apart) else float(np.square(apart - value).sum())
    error = math.sqrt(4 * (n - 1) / (n * (n - 2) ** 2) * squares)
    return Estimate(value, error or math.nan, n - 1, n)


def logarithm(positive: Estimate) -> Estimate:
    """Return the log of a positive estimate; its error by the delta method."""
    value = math.log(positive.value)
    return replace(positive, value=value, error=positive.error / positive.value)


def tau(first: Array, second: Array) -> float:
    """Return Kendall's tau-b; NaN when one of the two has no spread."""
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return math.nan
    return float(stats.kendalltau(first, second).statistic)


def kendall(first: Array, second: Array) -> Estimate:
    """Return atanh of Kendall's tau-b, whose standard error is about sqrt(0.437 / (n - 4)).

    Fieller, Hartley and Pearson, "Tests for rank correlation coefficients I", Biometrika 44
    (1957); good for |tau| < 0.8 and n >= 10 independent pairs. NaN without spread.
    """
    value = tau(first, second)
    if math.isnan(value) or len(first) < 5:
        return Estimate(math.nan, math.nan)
    limit = 1 - 1e-12  # atanh(1) is infinite
    error = math.sqrt(0.437 / (len(first) - 4))
    return Estimate(math.atanh(min(max(value, -limit), limit)), error, n=len(first))


def units_needed(now: Estimate, distance: float, level: float) -> int | None:
    """Return the smallest number of units whose interval reaches less far than `distance`.

    Takes today's mean and sigma for granted; None when more than MOST would be needed.
    """

    def narrow(units: int) -> bool:
        then = now.of(units)
        low, high = then.interval(level)
        return max(high - then.value, then.value - low) < distance

    units = range(max(now.n + 1, FEWEST), MOST + 1)
    first = bisect_left(units, True, key=narrow)  # an interval narrows with every unit
    return units[first] if first < len(units) else None


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
    """Return Holm's adjusted p values (Scandinavian Journal of Statistics 6, 1979).

    The smallest of m counts m times, the next m - 1 times, and none less than one before it.
    """
    found = np.asarray(p_values, dtype=float)
    order = np.argsort(found, kind="stable")
    adjusted = np.empty_like(found)
    weighed = found[order] * np.arange(len(found), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(weighed), 1.0)
    return [float(p) for p in adjusted]


def look_alpha(look: int, looks: Sequence[int], alpha: float) -> float:
    """Return the two-sided level at which this look is judged, of all that were declared.

    O'Brien and Fleming's boundary by the spending function of Lan and DeMets, Biometrika 70
    (1983), alpha / 2 a side: 2 - 2 Phi(z(alpha / 4) / sqrt(t)) is spent at the share t of the
    last look, and the statistics of two looks correlate by sqrt(t1 / t2).
    """
    shares = np.asarray(looks, dtype=float) / looks[-1]
    spent = 2 * special.ndtr(special.ndtri(alpha / 4) / np.sqrt(shares))
    steps = np.diff(spent, prepend=0.0)
    bounds: list[float] = []
    for k in range(list(looks).index(look) + 1):
        bounds.append(_next_bound(shares[: k + 1], bounds, float(steps[k])))
    return float(2 * special.ndtr(-bounds[-1]))


def _next_bound(shares: Array, bounds: list[float], step: float) -> float:
    """Return c with P(no earlier statistic above its bound, and this one above c) = step."""
    if not bounds:
        return float(-special.ndtri(step))
    from scipy.optimize import brentq

    ratio = shares[:, None] / shares[None, :]
    normal = stats.multivariate_normal(cov=np.sqrt(np.minimum(ratio, 1 / ratio)), seed=0)
    before = stats.multivariate_normal(cov=normal.cov[:-1, :-1], seed=0).cdf(bounds)

    def excess(bound: float) -> float:
        return float(before - normal.cdf([*bounds, bound])) - step

    return float(brentq(excess, 0.5, 8.0, xtol=1e-6))
