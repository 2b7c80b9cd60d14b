"""How this paper's claims get their margins from what the authors give.

The same conventions everywhere, so that no margin is fitted to a result of ours.
"""

from __future__ import annotations

# two binomial standard errors of an accuracy near 65 % on 1,000 test signals
POINTS = 0.03
DEVIATIONS = 3  # the mean of the authors' three runs is itself known to 2.5 of their deviations
SHARE = 0.5  # of a published effect, below which it would be another finding


def around(value: float, sd: float = 0.0) -> tuple[float, float]:
    """Return an accuracy +- 3 points, or +- three of the authors' deviations if that is more."""
    reach = max(POINTS, DEVIATIONS * sd)
    return value - reach, value + reach


def near(value: float, share: float) -> tuple[float, float]:
    """Return a number +- a share of itself: for losses, rates and widths of a single run."""
    return value * (1 - share), value * (1 + share)


def half(effect: float) -> float:
    """Return half of a published effect: the least that counts as the same finding."""
    return SHARE * effect
