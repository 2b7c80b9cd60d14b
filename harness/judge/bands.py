"""Does tonight's number lie where the committed ones say that it would? Bands, and red or not.

A band is a prediction interval for one more seed, from the n committed units of an experiment in
one metric: mean +- t s sqrt(1 + 1/n), with Student's quantile t of n - 1 degrees of freedom at
LEVEL (Hahn, "Factors for calculating two-sided prediction intervals for samples from a normal
distribution", J. Am. Stat. Assoc. 64, 1969). Where all units are positive it reaches as far up as
the same interval of their logarithms; where all are shares, as far down as that of the logarithms
of what they lack of 1: errors, regrets and costs have a long tail on that side.

Red is a metric of which at least RED of the FRESH seeds lie outside on one side. What breaks moves
all seeds the same way; two that leave a band on opposite sides are wide scatter. A seed that ends
in an error of the code lies outside on either side. Seeds that were lost with data, network or
memory say nothing: a metric that they could still turn is neutral.

Why LEVEL is what it is. About 180 metrics are watched each night, for years, against bands that
stay: one that is too narrow by bad luck would be red again and again. So the aim is not a rate
per night but a year of it: in at least 95 of 100 worlds, each with bands from new committed seeds,
200 healthy nights of all papers have at most 2 reds. tests/harness/judge/test_nights.py simulates
that, with normal and with skewed numbers. The price is width: a band reaches about 10 s at 8
units, 23 s at 5 and 47 s at 4, which would be no band; below FEWEST units there is none. Nor is
there one where units of a random experiment all agree (see `harness.statistics`). A night sees
what broke, not what drifted.

What is planned or computed, not drawn (a deterministic experiment, a count of steps), is compared
exactly; on another processor a difference is neutral, since it may be of rounding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness import statistics
from harness.judge.samples import COUNTS, Sample
from harness.plan.night import FRESH
from harness.statistics import Array

LEVEL = 3e-5
FEWEST = 5
RED = 2
HEALTHY, BROKEN, NEUTRAL, UNBANDED = "healthy", "red", "neutral", "no band"


@dataclass(frozen=True)
class Band:
    """Where one more seed is expected; `exact`: what it must be; `why`: why there is none."""

    low: float
    high: float
    n: int
    exact: Array | None = None
    why: str = ""


@dataclass(frozen=True)
class Tonight:
    """What became of the fresh seeds in one metric: values, and how many broke or were lost.

    `same` says whether the processor is the one that measured the band.
    """

    values: Array
    failed: int = 0
    lost: int = 0
    same: bool = True


def limits(units: Array, level: float = LEVEL) -> tuple[Array, Array]:
    """Return the ends of the bands of samples, whose units are on the last axis.

    Args:
        units: of shape (..., n), n at least 2.
        level: how often one more unit of a normal distribution lies outside.
    """
    n = units.shape[-1]
    reach = statistics.quantile(1 - level / 2, n - 1) * np.sqrt(1 + 1 / n)
    low, high = _ends(units, reach)
    positive, share = (units > 0).all(axis=-1), ((units >= 0) & (units < 1)).all(axis=-1)
    with np.errstate(over="ignore"):
        far = np.exp(_ends(np.log(np.where(units > 0, units, 1.0)), reach)[1])
        lack = np.exp(_ends(np.log(np.where(units < 1, 1 - units, 1.0)), reach)[1])
    high = np.where(positive, np.maximum(high, far), high)
    return np.where(share, np.minimum(low, 1 - lack), low), high


def _ends(units: Array, reach: float) -> tuple[Array, Array]:
    center, spread = units.mean(axis=-1), units.std(axis=-1, ddof=1)
    return center - reach * spread, center + reach * spread


def band(sample: Sample) -> Band:
    """Return the band of a sample, or why there is none."""
    n = len(sample.array)
    if sample.constant:
        center = statistics.center(sample.array)
        return Band(center, center, n, sample.array)
    if n < FEWEST:
        return Band(np.nan, np.nan, n, why=f"{n} committed, needs {FEWEST}")
    if statistics.agree(sample.array):
        return Band(np.nan, np.nan, n, why=f"all {n} committed agree: their spread is unknown")
    low, high = limits(sample.array)
    return Band(float(low), float(high), n)


def outside(low: Array, high: Array, fresh: Array) -> NDArray[np.intp]:
    """Return how many fresh seeds lie outside on the side that has more of them.

    Args:
        low: the lower ends, of shape (...).
        high: the upper ends, likewise.
        fresh: of shape (..., seeds); rounding does not lead outside.
    """
    slack = statistics.ROUNDING * np.abs(fresh)
    below = (fresh < low[..., None] - slack).sum(axis=-1)
    above = (fresh > high[..., None] + slack).sum(axis=-1)
    return np.asarray(np.maximum(below, above))


def verdict(band: Band, metric: str, tonight: Tonight) -> tuple[str, str]:
    """Return the verdict on one metric of a night, and a reason where it is not plain.

    Returns:
        HEALTHY, BROKEN, NEUTRAL or UNBANDED.
    """
    if band.why:
        return UNBANDED, band.why
    if band.exact is not None:
        return _exactly(band.exact, metric, tonight)
    values = tonight.values[:FRESH]
    away = int(outside(np.asarray(band.low), np.asarray(band.high), values)) if len(values) else 0
    away += tonight.failed
    if away >= RED:
        said = f"{away} of {FRESH} outside"
        return BROKEN, f"{said}, {tonight.failed} ended in an error" if tonight.failed else said
    if away + tonight.lost >= RED:
        return NEUTRAL, f"{tonight.lost} of {FRESH} seeds were lost"
    return HEALTHY, f"{away} of {FRESH} outside" if away else ""


def _exactly(exact: Array, metric: str, tonight: Tonight) -> tuple[str, str]:
    """Compare with what must come out again: row by row, or the one number of every row."""
    if tonight.failed:
        return BROKEN, "ended in an error"
    if not len(tonight.values):
        return NEUTRAL, "was lost"
    whole = exact if len(exact) == len(tonight.values) else exact[:1]
    if (whole == tonight.values).all():
        return HEALTHY, ""
    if not tonight.same and metric not in COUNTS:
        return NEUTRAL, "differs; another processor measured the band"
    return BROKEN, "differs"


@dataclass(frozen=True)
class Finding:
    """One metric of an experiment in one night: its claims, band, values, and the verdict."""

    paper: str
    experiment: str
    metric: str
    claims: tuple[str, ...]
    band: Band
    values: tuple[float, ...] = ()
    verdict: str = ""
    note: str = ""
