"""What was measured of one paper at one budget, and whether it may be judged at all.

A replicate is one (seed, member) of an experiment: one row. `Evidence.flaw` is the validity
gate: it names what keeps an experiment from being judged (`not run`, `invalid`: no verdicts).
`Sample` holds the replicates of one experiment in one metric; `harness.judge.rules` compares
samples.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness import statistics
from harness.statistics import Array, Estimate

NOT_RUN, INVALID = "not run", "invalid"
KEYS = ["experiment", "seed", "member"]
COSTS = ("steps", "seconds", "flops")


@dataclass(frozen=True)
class Sample:
    """The replicates of one experiment in one metric; `values` is indexed by (seed, member)."""

    values: pd.Series[float]
    earlier: Array
    constant: bool

    @property
    def array(self) -> Array:
        """The values, ordered by (seed, member)."""
        return self.values.sort_index().to_numpy(dtype=float)

    def mean(self, earlier: Array | None = None) -> Estimate:
        """Estimate the mean, with the variance of `earlier` pooled in; a constant has no error."""
        if self.constant:
            return Estimate(statistics.center(self.array))
        return statistics.mean(self.array, earlier)

    def per_trial(self) -> Sample:
        """Return the mean of every trial: stacked members share one clock, hence one cost."""
        return Sample(self.values.groupby(level="seed").mean(), self.earlier, self.constant)

    def distances(self) -> Estimate:
        """Estimate the mean distance from the median: what Brown and Forsythe compare."""
        return statistics.mean(np.abs(self.array - np.median(self.array)))

    def pairs_with(self, other: Sample) -> bool:
        """Whether both have the same three or more (seed, member), neither being constant."""
        same = set(self.values.index) == set(other.values.index)
        return same and len(self.values) >= 3 and not (self.constant or other.constant)

    def minus(self, other: Sample) -> Estimate:
        """Estimate the difference of means: paired where possible, else Welch's."""
        if self.pairs_with(other):
            return statistics.mean(self.array - other.array)
        return statistics.difference(self.mean(), other.mean())


@dataclass(frozen=True)
class Evidence:
    """The rows of one paper at one budget, sound earlier rows, and which names have no seed."""

    measured: pd.DataFrame
    earlier: pd.DataFrame
    deterministic: frozenset[str]

    def rows(self, name: str) -> pd.DataFrame:
        """Return the replicates of an experiment."""
        return self.measured[self.measured["experiment"] == name]

    def counts(self, names: Sequence[str]) -> tuple[int, ...]:
        """Return the number of replicates of each experiment."""
        return tuple(len(self.rows(name)) for name in names)

    def sample(self, name: str, metric: str) -> Sample:
        """Return the values of an experiment; time is never constant, whatever is declared."""
        rows = self.rows(name)
        old = self.earlier[self.earlier["experiment"] == name]
        old = old[old["data_hash"].isin(rows["data_hash"])]
        before = _numbers(old, metric).to_numpy(dtype=float)
        values = _numbers(rows, metric).set_axis(pd.MultiIndex.from_frame(rows[KEYS[1:]]))
        constant = name in self.deterministic and metric != "seconds"
        return Sample(values, before[np.isfinite(before)], constant)

    def flaw(self, name: str, metrics: Sequence[str]) -> tuple[str, str] | None:
        """Return (status, reason) when the experiment cannot be judged in these metrics."""
        rows = self.rows(name)
        if rows.empty:
            return NOT_RUN, f"{name}: no result"
        reason = _broken(rows)
        for metric in metrics:
            values = _numbers(rows, metric)
            if not reason and values.isna().all():
                return NOT_RUN, f"{name}: '{metric}' was not measured"
            reason = reason or _unsound(values, metric)
            if name in self.deterministic and metric != "seconds" and _varies(rows, values):
                reason = reason or f"declared deterministic, but '{metric}' varies over seeds"
        return (INVALID, f"{name}: {reason}") if reason else None

    def clocks(self, names: Sequence[str], metrics: Sequence[str]) -> tuple[str, str] | None:
        """Return (status, reason) where device time was taken by clocks that differ in code."""
        if "seconds" not in metrics or "clock" not in self.measured:
            return None
        used = self.measured.loc[self.measured["experiment"].isin(names), "clock"].unique()
        reason = f"device time of {', '.join(names)} was taken by {len(used)} clocks"
        return (INVALID, reason) if len(used) > 1 else None


def gather(
    measured: pd.DataFrame, earlier: pd.DataFrame | None, deterministic: frozenset[str]
) -> Evidence:
    """Return the evidence; of the earlier rows only sound ones that are not measured again.

    A row that stands in both frames is one run, not two: it lends no second variance.
    """
    if earlier is None or earlier.empty or measured.empty:
        return Evidence(measured, measured.iloc[:0], deterministic)
    again = pd.MultiIndex.from_frame(earlier[KEYS]).isin(pd.MultiIndex.from_frame(measured[KEYS]))
    sound = (earlier["status"] == "completed") & (earlier["stopped_by"] == "length")
    kept = earlier[~again & sound.to_numpy()].drop_duplicates(KEYS, keep="last")
    return Evidence(measured, kept, deterministic)


def _numbers(rows: pd.DataFrame, metric: str) -> pd.Series[float]:
    if metric not in rows:
        return pd.Series(math.nan, index=rows.index, dtype=float)
    return pd.to_numeric(rows[metric], errors="coerce").astype(float)


def _broken(rows: pd.DataFrame) -> str:
    """Return what is wrong with the rows of one experiment, or an empty text."""
    unfinished = int((rows["status"] != "completed").sum())
    if unfinished:
        return f"{unfinished} of {len(rows)} replicates did not complete"
    cut = int(rows["stopped_by"].isin(["steps", "seconds"]).sum())
    if cut:
        return f"a cap cut {cut} of {len(rows)} replicates short"
    if rows.duplicated(KEYS).any():
        return "the same seed and member twice"
    if rows["data_hash"].nunique(dropna=False) > 1:
        return "more than one data hash"
    return ""


def _unsound(values: pd.Series[float], metric: str) -> str:
    if not np.isfinite(values.to_numpy()).all():
        return f"'{metric}' is not finite"
    if metric in COSTS and (values <= 0).any():
        return f"'{metric}' is not positive"
    return ""


def _varies(rows: pd.DataFrame, values: pd.Series[float]) -> bool:
    """Whether one member has different values; different members may well differ."""
    return bool(values.groupby(rows["member"], dropna=False).nunique().max() > 1)
