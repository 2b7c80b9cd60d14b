"""What was measured of one paper at one budget, and whether it may be judged at all.

A row is one (seed, member) of an experiment. The unit of every verdict is the trial, the mean over
its members, unless the experiment declares its members `independent`: then each of them is one.
`Evidence.flaw` is the gate before every rule: it names what keeps an experiment from being judged
(`not run`, `invalid`, `incomplete`: no verdicts). `Sample` holds the units of one experiment in
one metric; `harness.judge.rules` compares samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness import statistics
from harness.checks import BestOf
from harness.paper import Claim, Experiment
from harness.statistics import FEWEST, Array, Estimate

NOT_RUN, INVALID, INCOMPLETE, BLOCKED = "not run", "invalid", "incomplete", "blocked"
STATUSES = (NOT_RUN, INVALID, INCOMPLETE, BLOCKED)  # no verdicts: nothing was judged
COUNTS = ("steps", "flops")  # of work that is planned, not drawn
COSTS = (*COUNTS, "seconds")
TIME = "seconds"

Flaw = tuple[str, str]  # status, reason


@dataclass(frozen=True)
class Size:
    """How much stands behind one side of a verdict: units, members in each, trials in a group."""

    units: int
    members: int = 1
    best: int = 1

    @property
    def plain(self) -> bool:
        """Whether the number of units says it all."""
        return self.members == 1 and self.best == 1

    def __str__(self) -> str:
        if self.members > 1:
            return f"{self.units} trials x {self.members}"
        return f"{self.units} x best of {self.best}" if self.best > 1 else f"{self.units}"


@dataclass(frozen=True)
class Sample:
    """The units of one experiment in one metric, in the order of their keys.

    A key is (trials in a unit's group, seed or number of the group, member); units of two samples
    are pairs when their keys agree.
    """

    keys: tuple[tuple[int, int, int], ...]
    array: Array
    members: int = 1
    best: int = 1
    constant: bool = False

    @property
    def size(self) -> Size:
        """How much stands behind it."""
        return Size(len(self.array), self.members, self.best)

    @property
    def scale(self) -> float:
        """How large its numbers are."""
        return float(np.abs(self.array).max(initial=0.0))

    @property
    def fraction(self) -> bool:
        """Whether all values lie between 0 and 1."""
        return bool(((self.array >= 0) & (self.array <= 1)).all())

    @property
    def binary(self) -> bool:
        """Whether every value is 0 or 1."""
        return bool(np.isin(self.array, (0.0, 1.0)).all())

    def mean(self) -> Estimate:
        """Estimate the mean; a constant has no error."""
        if self.constant:
            return Estimate(statistics.center(self.array))
        return statistics.mean(self.array)

    def pairs_with(self, other: Sample) -> bool:
        """Whether both have the same units, neither being constant."""
        return not (self.constant or other.constant) and self.keys == other.keys

    def minus(self, other: Sample) -> Estimate:
        """Estimate the difference of means: paired where possible, else Welch's."""
        if self.pairs_with(other):
            scale = max(self.scale, other.scale)
            return statistics.mean(self.array - other.array, scale)
        return statistics.difference(self.mean(), other.mean())


@dataclass(frozen=True)
class Evidence:
    """The rows of a paper's claims at one budget, and what was declared of their experiments."""

    measured: pd.DataFrame
    declared: Mapping[str, Experiment]
    budget: str

    @cached_property
    def _places(self) -> Mapping[str, NDArray[np.intp]]:
        """Where the rows of each experiment stand, in the order of seed and member."""
        rows = self.measured
        order = np.lexsort((rows["member"].to_numpy(), rows["seed"].to_numpy()))
        names, first = np.unique(
            rows["experiment"].to_numpy(dtype=str)[order], return_inverse=True
        )
        by_name = np.argsort(first, kind="stable")
        ends = np.cumsum(np.bincount(first, minlength=len(names)))
        parts = np.split(order[by_name], ends[:-1])
        return {str(name): part for name, part in zip(names, parts, strict=True)}

    @cached_property
    def _columns(self) -> dict[str, NDArray[Any]]:
        return {}

    def _column(self, name: str, kind: type = object) -> NDArray[Any]:
        """Return a column of all rows; a metric as numbers, NaN where there are none."""
        if name not in self._columns:
            if kind is float:
                found = (
                    pd.to_numeric(self.measured[name], errors="coerce").to_numpy(dtype=float)
                    if name in self.measured
                    else np.full(len(self.measured), np.nan)
                )
            else:
                found = self.measured[name].to_numpy(dtype=object)
            self._columns[name] = found
        return self._columns[name]

    def _of(self, experiment: str, column: str, kind: type = object) -> NDArray[Any]:
        return self._column(column, kind)[self._places[experiment]]

    def has(self, experiment: str) -> bool:
        """Whether there is any row of an experiment that is declared."""
        return experiment in self.declared and experiment in self._places

    def seeds(self, experiment: str) -> list[int]:
        """Return the seeds of an experiment's trials, each once."""
        return sorted(set(self._of(experiment, "seed").astype(int).tolist()))

    def is_constant(self, experiment: str, metric: str) -> bool:
        """Whether a metric has no spread by declaration; time is never constant."""
        return self.declared[experiment].deterministic and metric != TIME

    def sample(self, experiment: str, metric: str, best: BestOf | None = None) -> Sample:
        """Return the units of an experiment in a metric; of costs, one for each trial.

        Members of one trial share its clock and its plan, hence one cost. With `best`, a unit is
        the best of every k in the order of seed and member; those left over are in none.
        """
        seed, values = (
            self._of(experiment, "seed").astype(int),
            self._of(experiment, metric, float),
        )
        constant = self.is_constant(experiment, metric)
        ranked = values if best is None else self._of(experiment, best.metric, float)
        alone = self.declared[experiment].independent and metric not in COSTS
        if alone or constant:
            keys, members = list(self.every(experiment, metric).keys), 1
        else:
            seeds = self.seeds(experiment)
            keys, members = [(1, s, 0) for s in seeds], 1
            if len(seeds) < len(seed):
                _, trial, counts = np.unique(seed, return_inverse=True, return_counts=True)
                members = int(counts.max())
                values = np.bincount(trial, values) / counts
                ranked = np.bincount(trial, ranked) / counts
        if best is not None and not constant:
            keys, values = _best(values, ranked, best)
        planned = metric in COUNTS and len(values) >= FEWEST and statistics.agree(values)
        k = 1 if best is None or constant else best.k
        return Sample(tuple(keys), values, members, k, constant or planned)

    def every(self, experiment: str, metric: str) -> Sample:
        """Return every row of an experiment in a metric, as a unit of its own."""
        seed, member = (self._of(experiment, name).astype(int) for name in ("seed", "member"))
        keys = tuple((1, int(s), int(m)) for s, m in zip(seed, member, strict=True))
        return Sample(keys, self._of(experiment, metric, float), constant=True)

    def flaw(self, claim: Claim) -> Flaw | None:
        """Return (status, reason) when a claim cannot be judged by these rows."""
        check = claim.check
        read = [(name, check.metrics_of(name)) for name in check.experiments]
        for name, metrics in read:
            reason = self._missing(name, metrics)
            if reason:
                return (BLOCKED, claim.blocked) if claim.blocked else (NOT_RUN, reason)
        for name, metrics in read:
            reason = self._broken(name) or self._unsound(name, metrics)
            if reason:
                return INVALID, f"{name}: {reason}"
        clocks = self._clocks(read)
        if clocks:
            return INVALID, clocks
        look = self.look(claim) if claim.looks else 0
        reason = self._looked(claim, look) if look else ""
        for name, _ in read:
            reason = reason or self._incomplete(name, look)
        return (INCOMPLETE, reason) if reason else None

    def look(self, claim: Claim) -> int:
        """Return how many trials the random experiments of a claim with looks have; 0: none."""
        return max(
            (
                len(self.seeds(name))
                for name in claim.check.experiments
                if not self.declared[name].deterministic
            ),
            default=0,
        )

    def _missing(self, name: str, metrics: Sequence[str]) -> str:
        if not self.has(name):
            return f"{name}: no result"
        for metric in metrics:
            if np.isnan(self._of(name, metric, float)).all():
                return f"{name}: '{metric}' was not measured"
        return ""

    def _broken(self, name: str) -> str:
        """Return what is wrong with the rows of one experiment, or an empty text."""
        status, stopped = self._of(name, "status"), self._of(name, "stopped_by")
        unfinished = int((status != "completed").sum())
        if unfinished:
            return f"{unfinished} of {len(status)} replicates did not complete"
        cut = int(((stopped == "steps") | (stopped == "seconds")).sum())
        if cut:
            return f"a cap cut {cut} of {len(stopped)} replicates short"
        keys = set(zip(self._of(name, "seed"), self._of(name, "member"), strict=True))
        if len(keys) < len(status):
            return "the same seed and member twice"
        if len(set(map(str, self._of(name, "data_hash")))) > 1:
            return "more than one data hash"
        return ""

    def _unsound(self, name: str, metrics: Sequence[str]) -> str:
        member = self._of(name, "member")
        for metric in metrics:
            values = self._of(name, metric, float)
            if not np.isfinite(values).all():
                return f"'{metric}' is not finite"
            if metric in COSTS and (values <= 0).any():
                return f"'{metric}' is not positive"
            if self.is_constant(name, metric) and _varies(values, member):
                return f"declared deterministic, but '{metric}' varies over seeds"
        return ""

    def _clocks(self, read: Sequence[tuple[str, Sequence[str]]]) -> str:
        """Return a reason where device time was taken by clocks that differ in code."""
        if not any(TIME in metrics for _, metrics in read) or "clock" not in self.measured:
            return ""
        names = [name for name, _ in read]
        used = {str(clock) for name in names for clock in self._of(name, "clock")}
        reason = f"device time of {', '.join(names)} was taken by {len(used)} clocks"
        return reason if len(used) > 1 else ""

    def _looked(self, claim: Claim, trials: int) -> str:
        """Return a reason where the trials that are there are not those of a declared look."""
        if trials in claim.looks:
            return ""
        declared = ", ".join(str(look) for look in claim.looks)
        return f"{trials} trials; it is judged at {declared}"

    def _incomplete(self, name: str, look: int) -> str:
        """Return which trials or members are missing or surplus, or an empty text."""
        experiment, seeds = self.declared[name], self.seeds(name)
        looks = look and not experiment.deterministic
        expected = range(look if looks else experiment.trials(self.budget))
        missing = [seed for seed in expected if seed not in seeds]
        surplus = [seed for seed in seeds if seed not in expected]
        if missing:
            return f"{name}: {len(missing)} of {len(expected)} trials missing: {_listed(missing)}"
        if surplus:
            return f"{name}: {len(expected)} trials declared; more than those: {_listed(surplus)}"
        if "members" in self.measured:
            return self._fewer_members(name)
        return ""

    def _fewer_members(self, name: str) -> str:
        """Return a reason where a trial has fewer rows than members."""
        seed = self._of(name, "seed").astype(int)
        members = self._of(name, "members", float)
        for one in self.seeds(name):
            here, said = int((seed == one).sum()), members[seed == one].max()
            if here < said:
                return f"{name}: seed {one} has {here} of {said:.0f} members"
        return ""


def _best(values: Array, ranked: Array, best: BestOf) -> tuple[list[tuple[int, int, int]], Array]:
    """Return one value for every k units: that of the best of them by another metric."""
    groups = len(values) // best.k
    of = ranked[: groups * best.k].reshape(groups, best.k)
    chosen = of.argmin(axis=1) if best.direction == "min" else of.argmax(axis=1)
    kept = values[: groups * best.k].reshape(groups, best.k)[np.arange(groups), chosen]
    return [(best.k, group, 0) for group in range(groups)], kept


def _varies(values: Array, member: NDArray[Any]) -> bool:
    """Whether one member has different values; different members may well differ."""
    first: dict[Any, float] = {}
    return any(
        first.setdefault(who, value) != value for who, value in zip(member, values, strict=True)
    )


def _listed(seeds: Sequence[int], most: int = 6) -> str:
    shown = ", ".join(str(seed) for seed in seeds[:most])
    return f"seed {shown}" + (", ..." if len(seeds) > most else "")
