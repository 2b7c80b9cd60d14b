"""What may be spent: the cap of a trial, the standard budgets, and the guard of their trials.

At a standard budget a trial ends by its steps, on every machine after the same number: papers
declare configs so small that the expected time of all their trials fits. What a trial costs in
device time shortens it only where it was asked to, by `--gpu-days`, for comparisons at equal cost.
The guard is for what went astray: a trial that has cost many times what is expected is saved and
ends as `cut`. Nothing is judged by it, and it goes on where it stood with `--no-guard`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.paper import BUDGETS, Experiment, Refused, require

CORES = 2  # the laptop that the standard budgets are written for
GPU_DAY = 86_400.0
# a machine four times slower than the reference, and an expected time half of the true one, leave
# a third of the guard to spare
GUARD_TIMES = 12
GUARD_LEAST = 60.0  # seconds, where less than 5 s are expected


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
    """A named size of runs, and the cap of a trial where the user gave one.

    `paper_seconds` is what all trials of a paper are declared to fit into on two CPU cores, and
    `experiment_seconds` the same for each experiment, on one. Neither stops a trial.
    """

    name: str
    paper_seconds: float | None = None
    experiment_seconds: float | None = None
    limit: Limit = Limit()

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
        return Budget(", ".join([self.name, *words]), limit=limit)

    def guard(self, experiment: Experiment) -> float | None:
        """Return after how many device seconds a trial has gone astray; None: never.

        There is none at budget `paper`, nor where the user gave a cap. The time that is expected
        is that of the declared config.
        """
        if self.experiment_seconds is not None:
            return GUARD_TIMES * self.experiment_seconds
        if self.paper_seconds is None:
            return None
        return max(GUARD_LEAST, GUARD_TIMES * experiment.expected.get(self.name, 0.0))


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
