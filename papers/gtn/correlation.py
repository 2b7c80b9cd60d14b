"""Rank correlations: Spearman's rho, and what is left of it given another quantity.

Spearman's rho is what the paper prints; the partial one says what a score knows beyond size.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata, spearmanr

Floats = NDArray[np.float64]


def rho(one: Floats, other: Floats) -> float:
    """Return Spearman's rho; 0 where one of the two does not vary."""
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return float(spearmanr(one, other).statistic)


def partial(true: Floats, scores: Floats, sizes: Floats) -> float:
    """Return the rank correlation of truth and scores given size: of what size leaves over."""
    kept = [_residual(rankdata(values), rankdata(sizes)) for values in (true, scores)]
    lengths = [float(np.linalg.norm(values)) for values in kept]
    if min(lengths) < 1e-9 * len(true):
        return 0.0
    return float(kept[0] @ kept[1]) / (lengths[0] * lengths[1])


def _residual(values: Floats, given: Floats) -> Floats:
    """Return what a line through the ranks of another quantity leaves over."""
    centred, by = values - values.mean(), given - given.mean()
    length = float(by @ by)
    left: Floats = centred - by * (float(by @ centred) / length) if length else centred
    return left
