"""When to end a search: before curvature rises (Zela et al. 2020, arXiv:1909.09656, Sec. 4.3).

The dominant eigenvalue is averaged over the newest evaluations. Where it has grown by a factor
within some evaluations, the search ends, and its result is the cell of the earlier one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean


@dataclass(frozen=True)
class Rule:
    """Average over `window` evaluations; compare with `back` ago, at `first` or later.

    Evaluations count from 0.
    """

    window: int
    ratio: float
    back: int
    first: int


def averages(values: Sequence[float], window: int) -> list[float]:
    """Return for each value the mean of it and of those before it, `window` at most."""
    return [fmean(values[max(0, end - window) : end]) for end in range(1, len(values) + 1)]


def verdict(eigenvalues: Sequence[float], rule: Rule) -> int | None:
    """Return the evaluation whose cell is the result, or nothing while the search may go on.

    An average that is not positive grows by no factor: nothing is concluded from it.
    """
    smooth = averages(eigenvalues, rule.window)
    for now in range(rule.first + rule.back, len(smooth)):
        earlier = now - rule.back
        if smooth[earlier] > 0 and smooth[now] / smooth[earlier] > rule.ratio:
            return earlier
    return None
