"""What is said of one claim: the verdict, and the case that leads to it.

Words of a verdict: reproduced, partially reproduced, not reproduced, inconclusive; a headline
value at a reduced budget is on track or off track. `not run`, `invalid`, `incomplete` and
`blocked` are statuses, no verdicts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from harness import statistics
from harness.checks import BestOf
from harness.judge.samples import Evidence, Sample, Size
from harness.paper import Claim
from harness.statistics import FEWEST, Estimate
from harness.words import measured

REPRODUCED, PARTIALLY = "reproduced", "partially reproduced"
REFUTED, OPEN = "not reproduced", "inconclusive"
ON_TRACK, OFF_TRACK = "on track", "off track"
Samples = tuple[Sample, ...]
ALPHA = 0.05  # two-sided; a claim with looks spends it over them


@dataclass(frozen=True)
class Verdict:
    """What the measurements say of one claim at one budget; low and high bound the estimate.

    All p values are those of one-sided tests, doubled, so that 5 % is the line for each of them
    as it is for the interval. `p` belongs to the test that decided; `p_against` to the one that
    refutes the claim, refuted or not: Holm's correction reads it. `alpha` is 5 %, or what a look
    may spend. They are None where nothing random was tested.
    """

    claim: Claim
    budget: str
    verdict: str
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    n: tuple[Size, ...] = ()
    p: float | None = None
    p_against: float | None = None
    alpha: float = ALPHA
    note: str = ""

    @property
    def measured(self) -> str:
        """Estimate, interval and n, as people read them; a dash where nothing was measured."""
        if self.estimate is None:
            return "–"
        return measured(self.estimate, (self.low, self.high), self.claim.unit, self.size)

    @property
    def size(self) -> str:
        """The units behind it, as '8', '4 to 8' or '4 trials x 3'."""
        plain = sorted({size.units for size in self.n if size.plain})
        texts = list(dict.fromkeys(str(size) for size in self.n if not size.plain))
        if plain:
            texts.append(str(plain[0]) if len(plain) == 1 else f"{plain[0]} to {plain[-1]}")
        return " and ".join(texts)

    @property
    def refuted(self) -> bool:
        """Whether the measurements contradict the claim."""
        return self.verdict in (REFUTED, OFF_TRACK)


@dataclass(frozen=True)
class Case:
    """One claim before its evidence; it is judged at the level `alpha`."""

    claim: Claim
    budget: str
    evidence: Evidence
    alpha: float = ALPHA

    def sample(self, name: str, metric: str, best: BestOf | None = None) -> Sample:
        """Return the units of an experiment that the claim reads."""
        return self.evidence.sample(name, metric, best)

    def interval(self, estimate: Estimate, samples: Samples = ()) -> tuple[float, float]:
        """Return the interval that decides: 95 %, or wider at a look before the last.

        That of a fraction, where the claim is of one mean in per cent, ends at 0 and 1.
        """
        low, high = estimate.interval(1 - self.alpha)
        absolute = self.claim.check.absolute and self.claim.unit == "%"
        if absolute and all(sample.fraction for sample in samples):
            return max(low, 0.0), min(high, 1.0)
        return low, high

    def says(
        self,
        word: str,
        estimate: Estimate,
        samples: Samples,
        p: float = math.nan,
        against: float = math.nan,
    ) -> Verdict:
        """Return the verdict; headline values at a reduced budget are only on or off track.

        `p` and `against` are one-sided.
        """
        if self.claim.check.absolute and self.budget != "paper":
            word = {REPRODUCED: ON_TRACK, REFUTED: OFF_TRACK}.get(word, word)
        low, high = (known(bound) for bound in self.interval(estimate, samples))
        value, sizes = known(estimate.value), tuple(sample.size for sample in samples)
        if estimate.constant:
            p = against = math.nan
        return Verdict(
            self.claim,
            self.budget,
            word,
            value,
            low,
            high,
            sizes,
            doubled(p),
            doubled(against),
            self.alpha,
        )

    def unknown(self, estimate: Estimate, samples: Samples) -> Verdict:
        """Return that nothing is decided, for the spread is not known."""
        fewest = min((len(s.array) for s in samples if not s.constant), default=0)
        note = f"needs at least {FEWEST} {self.noun}"
        if fewest >= FEWEST:
            note = f"no spread in {fewest} {self.noun}: they do not say how far the next may lie"
        return replace(self.says(OPEN, estimate, samples), note=note)

    @property
    def noun(self) -> str:
        """What the units are called."""
        declared = self.evidence.declared
        alone = any(declared[name].independent for name in self.claim.check.experiments)
        return "replicates" if alone else "trials"

    def needs(self, estimate: Estimate, reach: float, samples: Samples) -> str:
        """Say how many trials would bring the interval within `reach` of the estimate."""
        units = statistics.units_needed(estimate, reach, 1 - self.alpha)
        if units is None:
            return f"sits at the edge: more than {statistics.MOST} {self.noun} would be needed"
        trials = units * max(sample.size.best for sample in samples)
        looks = self.claim.looks
        reached = f"; the declared looks end at {looks[-1]}" if looks else ""
        return f"needs about {trials} {self.noun}{reached}"


def known(number: float) -> float | None:
    """Return the number; None for NaN."""
    return None if math.isnan(number) else float(number)


def doubled(p: float) -> float | None:
    """Return a one-sided p value on the scale of two-sided ones; None for NaN."""
    return known(min(2 * p, 1.0))


def mapped(verdict: Verdict, back: Callable[[float], float]) -> Verdict:
    """Return the verdict with its numbers taken back from a log or atanh scale."""
    numbers = (verdict.estimate, verdict.low, verdict.high)
    value, low, high = (None if number is None else back(number) for number in numbers)
    return replace(verdict, estimate=value, low=low, high=high)
