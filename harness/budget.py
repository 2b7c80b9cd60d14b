"""What may be spent: the cap of a trial, and the standard budgets that it is a share of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.paper import BUDGETS, Experiment, Refused, require

CORES = 2  # the laptop that the standard budgets are written for
GPU_DAY = 86_400.0


@dataclass(frozen=True)
class Limit:
    """A cap on one replicate: `steps` for each phase, `seconds` of device time for all of them."""

    steps: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.steps is not None and self.steps < 1:
            raise Refused(f"steps={self.steps}: a cap is at least 1 step")
        if self.seconds is not None and not self.seconds > 0:
            raise Refused(f"seconds={self.seconds}: a cap is more than 0 seconds of device time")


@dataclass(frozen=True)
class Budget:
    """A named cap: for a whole paper on two CPU cores, or for each experiment."""

    name: str
    paper_seconds: float | None = None
    experiment_seconds: float | None = None
    trial: Limit | None = None

    @property
    def base(self) -> str:
        """The standard budget whose reduced configs apply ('smoke' for 'smoke, 500 steps')."""
        return self.name.split(",")[0]

    def replaced(self, steps: int | None = None, gpu_days: float | None = None) -> Budget:
        """Return this budget with its cap replaced, for comparisons at equal cost."""
        if steps is None and gpu_days is None:
            return self
        limit = Limit(steps, None if gpu_days is None else gpu_days * GPU_DAY)
        words = [f"{steps} steps"] if steps is not None else []
        words += [f"{gpu_days!r} GPU-days"] if gpu_days is not None else []
        return Budget(", ".join([self.name, *words]), trial=limit)

    def limit(self, experiment: Experiment, experiments: Sequence[Experiment]) -> Limit:
        """Return the cap of one trial: its share, by expected time, of the whole paper's cap.

        The share is taken over all experiments of the paper, so that one experiment run alone
        has the same cap as in a full run.
        """
        if self.trial is not None:
            return self.trial
        if self.experiment_seconds is not None:
            return Limit(seconds=self.experiment_seconds)
        if self.paper_seconds is None:
            return Limit()
        whole = sum(self._expected(e) * e.trials(self.name) for e in experiments)
        share = self._expected(experiment) / whole
        return Limit(seconds=round(CORES * self.paper_seconds * share, 3))

    def _expected(self, experiment: Experiment) -> float:
        if self.name in experiment.skipped:
            return 0.0
        return max(experiment.expected.get(self.name, 1.0), 1.0)


STANDARD: Mapping[str, Budget] = {
    "check": Budget("check", experiment_seconds=10),
    "smoke": Budget("smoke", paper_seconds=2 * 60),
    "nightly": Budget("nightly", paper_seconds=30 * 60),
    "paper": Budget("paper"),
}


def named(text: str) -> Budget:
    """Return the budget of a result's budget column: 'smoke' or 'smoke, 500 steps'."""
    name, *caps = text.split(", ")
    steps = next((int(cap.split()[0]) for cap in caps if cap.endswith("steps")), None)
    days = next((float(cap.split()[0]) for cap in caps if cap.endswith("GPU-days")), None)
    return standard(name).replaced(steps, days)


def standard(name: str) -> Budget:
    """Return the standard budget of that name; refuse an unknown one."""
    return STANDARD[require(name, BUDGETS, "budget")]
