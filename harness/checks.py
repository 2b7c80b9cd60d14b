"""What can be checked about measurements, as data; `harness.judge.rules` does the statistics.

Every check names experiments and a metric of their final rows: experiments of its own paper by
their name, those of another one as `paper/experiment`. Values are in the metric's own unit
(fractions, not per cent). Where a margin comes from is said by the claim, `margin_from`.

A new check is a class here, a rule in `harness.judge.rules` and a phrase in
`harness.show.margins`; nothing else knows the kinds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Literal, Self

NO_NAMES = ("metric", "other", "cost", "bands")  # fields of checks that name no experiment


@dataclass(frozen=True)
class BestOf:
    """The best of every `k` trials by `metric`: what a paper reports that keeps its best run."""

    k: int
    metric: str
    direction: Literal["min", "max"]


@dataclass(frozen=True)
class Check:
    """What every check says of itself: which experiments it reads, and in which metrics.

    An `absolute` value is only on or off track at a reduced budget; `without_spread`: one seed may
    decide, for nothing is estimated.

    `base`: the metric is a logarithm to this base (0: it is none). Margins are in its unit, but
    what is printed is the ratio, its power of `base`.
    """

    absolute: ClassVar[bool] = False
    without_spread: ClassVar[bool] = False
    base: float = field(default=0.0, kw_only=True)

    @property
    def experiments(self) -> tuple[str, ...]:
        """Names of the experiments that this check reads."""
        raise NotImplementedError

    def metrics_of(self, experiment: str) -> tuple[str, ...]:
        """Return the metrics in which it reads one of them."""
        raise NotImplementedError

    def renamed(self, names: Mapping[str, str]) -> Self:
        """Return the same check of other experiments, where `names` says which."""
        naming = [each.name for each in fields(self) if each.name not in NO_NAMES]
        return replace(self, **{name: _renamed(getattr(self, name), names) for name in naming})


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """Rename in a field: a name, tuples of names, or what belongs to each name."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, tuple):
        return tuple(_renamed(each, names) for each in value)
    if isinstance(value, Mapping):
        return {names.get(key, key): each for key, each in value.items()}
    return value


@dataclass(frozen=True)
class OfMetric(Check):
    """A check that reads one metric of all its experiments."""

    def metrics_of(self, experiment: str) -> tuple[str, ...]:
        """Return that metric."""
        name: str = getattr(self, "metric")  # noqa: B009  (a field of every subclass)
        return (name,)


@dataclass(frozen=True)
class Value(OfMetric):
    """The mean lies in [low, high]: equivalence, two one-sided t tests (TOST).

    `bands` holds other intervals for reduced budgets, recorded before those runs. `best` makes one
    value of every k trials, where the published one is the best of k.
    """

    experiment: str
    metric: str
    low: float
    high: float
    bands: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    best: BestOf | None = None
    absolute: ClassVar[bool] = True

    @property
    def experiments(self) -> tuple[str, ...]:
        """Names of the experiments that this check reads."""
        return (self.experiment,)

    def band(self, budget: str) -> tuple[float, float]:
        """Return the interval that holds at this budget."""
        return self.bands.get(budget, (self.low, self.high))


@dataclass(frozen=True)
class AtLeast(OfMetric):
    """The mean is at least `threshold`: one-sided t test; `bands` as for Value."""

    experiment: str
    metric: str
    threshold: float
    bands: Mapping[str, float] = field(default_factory=dict)
    absolute: ClassVar[bool] = True

    @property
    def experiments(self) -> tuple[str, ...]:
        """Names of the experiments that this check reads."""
        return (self.experiment,)

    def bound(self, budget: str) -> float:
        """Return the threshold that holds at this budget."""
        return self.bands.get(budget, self.threshold)


@dataclass(frozen=True)
class Exact(OfMetric):
    """Every measured value equals `value`: for counts and hashes, which have no spread."""

    experiment: str
    metric: str
    value: float
    without_spread: ClassVar[bool] = True

    @property
    def experiments(self) -> tuple[str, ...]:
        """Names of the experiments that this check reads."""
        return (self.experiment,)


@dataclass(frozen=True)
class Gap(OfMetric):
    """A check of the mean of `high` less that of `low`.

    `other` is the metric of `low`, where it is not that of `high`: so two metrics of one
    experiment are compared, replicate by replicate. `best` makes one value of every k trials of
    the experiments that it names.
    """

    high: str
    low: str
    metric: str
    other: str = field(default="", kw_only=True)
    best: Mapping[str, BestOf] = field(default_factory=dict, kw_only=True)

    @property
    def experiments(self) -> tuple[str, ...]:
        """Names of the experiments that this check reads."""
        return (self.high, self.low)

    @property
    def of_low(self) -> str:
        """The metric of `low`."""
        return self.other or self.metric

    def metrics_of(self, experiment: str) -> tuple[str, ...]:
        """Return the metric on this experiment's side; both where it stands on both."""
        pairs = ((self.high, self.metric), (self.low, self.of_low))
        return tuple(dict.fromkeys(metric for side, metric in pairs if side == experiment))


@dataclass(frozen=True)
class Effect(Gap):
    """Mean of `high` exceeds mean of `low` by at least `at_least`, the smallest such effect."""

    at_least: float


@dataclass(frozen=True)
class Direction(Gap):
    """Mean of `high` exceeds mean of `low`: the claim only orders them."""


@dataclass(frozen=True)
class Spread(OfMetric):
    """Values of `high` lie farther apart than those of `low`: the ratio of mean differences."""

    high: str
    low: str
    metric: str

    @property
    def experiments(self) -> tuple[str, ...]:
        """Names of the experiments that this check reads."""
        return (self.high, self.low)


@dataclass(frozen=True)
class Same(OfMetric):
    """Means of two experiments differ by at most `margin`: TOST on the difference."""

    first: str
    second: str
    metric: str
    margin: float

    @property
    def experiments(self) -> tuple[str, ...]:
        """Names of the experiments that this check reads."""
        return (self.first, self.second)


@dataclass(frozen=True)
class Ordering(OfMetric):
    """Every experiment of a rank is below every experiment of the next, by more than `margin`.

    A negative margin asks that it is not above it by more.
    """

    ranks: tuple[tuple[str, ...], ...]
    metric: str
    margin: float = 0.0

    @property
    def experiments(self) -> tuple[str, ...]:
        """Names of the experiments that this check reads."""
        return tuple(name for rank in self.ranks for name in rank)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """All (lower, higher) neighbours."""
        return [
            (low, high)
            for below, above in zip(self.ranks, self.ranks[1:], strict=False)
            for low in below
            for high in above
        ]


@dataclass(frozen=True)
class Trend(OfMetric):
    """Means rise along the given experiments: Page's test over seeds as blocks."""

    rising: tuple[str, ...]
    metric: str

    @property
    def experiments(self) -> tuple[str, ...]:
        """Names of the experiments that this check reads."""
        return self.rising


@dataclass(frozen=True)
class CostRatio(Check):
    """The cost (steps, seconds, flops) of `dear` is at least `at_least` times that of `cheap`."""

    dear: str
    cheap: str
    cost: str
    at_least: float

    @property
    def experiments(self) -> tuple[str, ...]:
        """Names of the experiments that this check reads."""
        return (self.dear, self.cheap)

    def metrics_of(self, experiment: str) -> tuple[str, ...]:
        """Return the cost."""
        return (self.cost,)


@dataclass(frozen=True)
class RankCorrelation(Check):
    """Kendall's tau-b of two metrics over the members of one experiment is at least `at_least`."""

    experiment: str
    metric: str
    other: str
    at_least: float
    fewest: int = 50

    @property
    def experiments(self) -> tuple[str, ...]:
        """Names of the experiments that this check reads."""
        return (self.experiment,)

    def metrics_of(self, experiment: str) -> tuple[str, ...]:
        """Return both metrics."""
        return (self.metric, self.other)
