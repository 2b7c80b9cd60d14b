"""What is said of one claim: the verdict, and the case that leads to it.

Words of a verdict: reproduced, partially reproduced, not reproduced, inconclusive; a headline
value at a reduced budget is on track or off track. `not run`, `invalid`: statuses, no verdicts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from harness import statistics
from harness.judge.samples import Evidence
from harness.paper import Claim
from harness.statistics import Estimate
from harness.words import measured

REPRODUCED, PARTIALLY = "reproduced", "partially reproduced"
REFUTED, OPEN = "not reproduced", "inconclusive"
ON_TRACK, OFF_TRACK = "on track", "off track"


@dataclass(frozen=True)
class Verdict:
    """What the measurements say of one claim at one budget; low and high bound the estimate."""

    claim: Claim
    budget: str
    verdict: str
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    n: tuple[int, ...] = ()
    p: float | None = None
    note: str = ""

    @property
    def measured(self) -> str:
        """Estimate, interval and n, as people read them; a dash where nothing was measured."""
        if self.estimate is None:
            return "–"
        return measured(self.estimate, (self.low, self.high), self.claim.unit, self.n)

    @property
    def refuted(self) -> bool:
        """Whether the measurements contradict the claim."""
        return self.verdict in (REFUTED, OFF_TRACK)


@dataclass(frozen=True)
class Case:
    """One claim before its evidence; `floor` is the smallest p that Holm may ask for."""

    claim: Claim
    budget: str
    evidence: Evidence
    floor: float

    @property
    def n(self) -> tuple[int, ...]:
        """Replicates per experiment."""
        return self.evidence.counts(self.claim.check.experiments)

    @property
    def fewest(self) -> int:
        """Replicates of the random experiment that has fewest; 0 when all are deterministic."""
        random = [
            n
            for name, n in zip(self.claim.check.experiments, self.n, strict=True)
            if name not in self.evidence.deterministic
        ]
        return min(random, default=0)

    def says(self, word: str, estimate: Estimate, level: float, p: float = math.nan) -> Verdict:
        """Return the verdict; headline values at a reduced budget are only on or off track."""
        if self.claim.check.absolute and self.budget != "paper":
            word = {REPRODUCED: ON_TRACK, REFUTED: OFF_TRACK}.get(word, word)
        low, high = (_known(bound) for bound in estimate.interval(level))
        chance = None if estimate.error == 0 else _known(p)
        value = _known(estimate.value)
        return Verdict(self.claim, self.budget, word, value, low, high, level, self.n, chance)

    def needs(self, estimate: Estimate, reach: float, level: float) -> str:
        """Say how many seeds would bring the interval within `reach` of the estimate."""
        if math.isnan(estimate.error):
            return "needs at least 3 seeds"
        seeds = statistics.seeds_needed(estimate, reach, level)
        if seeds is None:
            return f"sits at the edge: more than {statistics.MOST_SEEDS} seeds would be needed"
        return f"needs about {seeds} seeds"


def _known(number: float) -> float | None:
    return None if math.isnan(number) else float(number)


def mapped(verdict: Verdict, back: Callable[[float], float]) -> Verdict:
    """Return the verdict with its numbers taken back from a log or atanh scale."""
    numbers = (verdict.estimate, verdict.low, verdict.high)
    value, low, high = (None if number is None else back(number) for number in numbers)
    return replace(verdict, estimate=value, low=low, high=high)
