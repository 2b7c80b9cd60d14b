"""Nights that are simulated on numbers: what healthy code would measure, how often that is red."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from harness.judge import bands
from harness.plan.night import FRESH
from harness.statistics import Array

Scatter = Callable[[np.random.Generator, Array, tuple[int, ...]], Array]


def normal(rng: np.random.Generator, units: Array, shape: tuple[int, ...]) -> Array:
    """Draw as a normal distribution with the mean and sd of some committed units would."""
    return rng.normal(units.mean(), units.std(ddof=1), shape)


def skewed(rng: np.random.Generator, units: Array, shape: tuple[int, ...]) -> Array:
    """Draw log-normally, with the same mean and sd, where all units are positive."""
    if (units <= 0).any():
        return normal(rng, units, shape)
    width = np.log1p((units.std(ddof=1) / units.mean()) ** 2)
    return rng.lognormal(np.log(units.mean()) - width / 2, np.sqrt(width), shape)


def again(rng: np.random.Generator, units: Array, shape: tuple[int, ...]) -> Array:
    """Draw one of the committed units each time."""
    return rng.choice(units, shape)


def reds(
    rng: np.random.Generator, low: Array, high: Array, draw: Callable[..., Array], nights: int
) -> Array:
    """Return how many of so many nights are red in one metric, for each band of shape (...)."""
    fresh = draw((*np.shape(low), nights, FRESH))
    away = bands.outside(np.asarray(low)[..., None], np.asarray(high)[..., None], fresh)
    return np.asarray((away >= bands.RED).sum(axis=-1))


def recorded(rng: np.random.Generator, units: Array, scatter: Scatter, nights: int) -> int:
    """Return how many healthy nights are red in a metric, with the band of its committed units."""
    low, high = bands.limits(units)
    return int(reds(rng, low, high, lambda shape: scatter(rng, units, shape), nights))


def worlds(
    rng: np.random.Generator,
    units: Array,
    scatter: Scatter,
    nights: int,
    count: int,
    level: float = bands.LEVEL,
) -> Array:
    """Return the same for so many worlds, each with a band from new units, of shape (count,)."""
    low, high = bands.limits(scatter(rng, units, (count, len(units))), level)
    return reds(rng, low, high, lambda shape: scatter(rng, units, shape), nights)
