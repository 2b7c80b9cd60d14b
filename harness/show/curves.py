"""Averaged learning curves: what journals here say, with and over what is in `reports` already.

An average does not name its trials. It is of all trials that the tables had when it was written,
where its n says so; otherwise of some that nobody knows any more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.judge import generations
from harness.paper import BUDGETS
from harness.plan.discover import Folder
from harness.record import tables
from harness.record.journal import Result

Group = tuple[str, str, str]
GROUP = ["paper", "experiment", "budget"]
PLACE = [*GROUP, "turn", "at", "metric"]  # of one average


@dataclass(frozen=True)
class Current:
    """The trials of an experiment's current generation, and how many replicates they have."""

    trials: frozenset[str]
    replicates: int

    def known(self, averages: pd.DataFrame) -> frozenset[str] | None:
        """Return the trials that averages are of; None where they are not all of these."""
        n = averages["n"].max()
        return self.trials if n in (self.replicates, len(self.trials)) else None


def current(results: pd.DataFrame, papers: Sequence[Folder]) -> Mapping[Group, Current]:
    """Return what stands in tables of every experiment at every budget, as it was declared."""
    done = results[(results["status"] == "completed") & (results["overrides"] == "")]
    homes = {folder.name: generations.todays(folder) for folder in papers}
    found: dict[Group, Current] = {}
    for (paper, budget), cell in done.groupby(["paper", "budget"], sort=False):
        if budget not in BUDGETS:
            continue
        rows = generations.generations(cell, homes.get(str(paper), generations.unknown))
        for experiment, own in rows.groupby("experiment", sort=False):
            trials = frozenset(own["trial"])
            found[str(paper), str(experiment), str(budget)] = Current(trials, len(own))
    return found


def averaged(
    local: Sequence[Result],
    known: pd.DataFrame,
    before: Mapping[Group, Current],
    after: Mapping[Group, Current],
) -> pd.DataFrame:
    """Return the averages known before, with those of local results of current generations.

    `before` is what the tables had when the known ones were written, `after` what they have now.
    """
    standing = {trial for group in after.values() for trial in group.trials}
    here = [r for r in local if r.status == "completed" and r.trial in standing]
    trials: dict[Group, set[str]] = {}
    for result in here:
        spec = result.spec
        trials.setdefault((spec["paper"], spec["experiment"], spec["budget"]), set()).add(
            result.trial
        )
    parts = {group: rows for group, rows in _groups(known).items() if len(rows)}
    for group, fresh in _groups(generations.averages(tables.curves(here))).items():
        told = parts.get(group)
        if told is not None:
            of = before[group].known(told) if group in before else None
            fresh = _together(fresh, trials[group], told, of, after[group].trials)
        parts[group] = fresh
    if not parts:
        return known
    return pd.concat(list(parts.values())).sort_values([*GROUP, "metric", "turn", "at"])


def _groups(averages: pd.DataFrame) -> dict[Group, pd.DataFrame]:
    return {
        (str(paper), str(experiment), str(budget)): rows
        for (paper, experiment, budget), rows in averages.groupby(GROUP, sort=False)
    }


def _together(
    fresh: pd.DataFrame,
    here: set[str],
    told: pd.DataFrame,
    of: frozenset[str] | None,
    standing: frozenset[str],
) -> pd.DataFrame:
    """Return the averages of `here` or those told before, or of both where they share no trial."""
    if of is not None and (of <= here or not of <= standing):
        return fresh
    if of is not None and not of & here:
        return pooled(told, fresh)
    return told if told["n"].max() > fresh["n"].max() else fresh


def pooled(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Return averages of all that two frames are of: n, mean, and sd about the common mean."""
    both = pd.concat([one, other], ignore_index=True)
    first = both.groupby(PLACE, dropna=False)["mean"].transform("first")
    away = both["mean"] - first  # so that equal means have no spread, not even a rounded one
    within = (both["n"] - 1) * both["sd"].fillna(0.0) ** 2
    sums = both.assign(first=first, moved=both["n"] * away, squares=within + both["n"] * away**2)
    kept = {"n": "sum", "moved": "sum", "squares": "sum", "first": "first"}
    found = sums.groupby(PLACE, sort=False, dropna=False).agg(kept)
    moved = found["moved"] / found["n"]
    spread = (found["squares"] - found["n"] * moved**2).clip(lower=0.0)
    sd = np.sqrt(spread / (found["n"] - 1).where(found["n"] > 1))
    return found.assign(mean=found["first"] + moved, sd=sd).reset_index()[list(one.columns)]
