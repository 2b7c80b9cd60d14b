"""Results -> comparison frames: which rows may stand together, and what they say on average.

Rows stand together when paper, experiment, budget, declared config, code and data hash agree. The
newest such generation of an experiment that is not smaller than the one before it is current; the
others lend their variance to the verdicts and nothing else.
"""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pandas as pd

from harness import statistics
from harness.judge.rules import judge
from harness.judge.verdict import Verdict
from harness.paper import BUDGETS, Refused
from harness.plan.discover import Folder
from harness.record.lineage import FLAG

GENERATION = ["code", "data_hash"]
COSTS = ["steps", "seconds", "flops"]
LEVEL = 0.95
CONTEXT = ("task", "trial", "device", "data_hash", "commit", "dirty")  # of the first row


def declared(results: pd.DataFrame, folder: Folder, budget: str) -> pd.DataFrame:
    """Return a paper's rows at a budget whose config is the declared one, without overrides."""
    configs = {
        e.name: json.dumps(asdict(e.at(budget)), sort_keys=True) for e in folder.paper.experiments
    }
    own = results[(results["paper"] == folder.name) & (results["budget"] == budget)]
    own = own[own["overrides"].fillna("") == ""]
    return own[own["config"] == own["experiment"].map(configs)]


def generations(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split rows into (current, others) generations, experiment by experiment.

    A generation replaces the one before it when it has at least as many replicates: one new seed
    does not put away eight old ones. One that was superseded on request is never current.
    """
    kept = pd.Series(False, index=rows.index)
    for _, group in rows.groupby("experiment", sort=False):
        asked = group[FLAG] if FLAG in group else pd.Series(False, index=group.index)
        eligible = group[~asked] if not asked.all() else group
        key = eligible[GENERATION].fillna("").agg("\0".join, axis=1)
        ages = eligible.groupby(key)["finished"].max().sort_values()
        sizes = key.value_counts()
        current = ages.index[0]
        for newer in ages.index[1:]:
            current = newer if sizes[newer] >= sizes[current] else current
        kept[key.index[key == current]] = True
    return rows[kept], rows[~kept]


def before_newest(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """Return (code, data hash) of every generation of one experiment but the newest."""
    ages = rows.fillna(dict.fromkeys(GENERATION, "")).groupby(GENERATION)["finished"].max()
    return [(str(code), str(data)) for code, data in ages.sort_values().index[:-1]]


def current(results: pd.DataFrame, folder: Folder, budget: str) -> pd.DataFrame:
    """Return a paper's rows of the newest generation at a budget, with the declared config."""
    return generations(declared(results, folder, budget))[0]


def judged(results: pd.DataFrame, folder: Folder) -> dict[str, list[Verdict]]:
    """Return {budget: verdicts} for every budget at which a paper has rows and claims."""
    verdicts = {}
    for budget in BUDGETS:
        newest, earlier = generations(declared(results, folder, budget))
        if len(newest) and any(budget in claim.budgets for claim in folder.paper.claims):
            verdicts[budget] = judge(folder.paper, newest, budget, earlier)
    return verdicts


def summary(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return one line per paper and experiment: n, mean with interval, cost of one replicate.

    Raises:
        Refused: rows of different budgets or data hashes would fall into one cell.
    """
    lines = []
    for (paper, experiment), cell in rows.groupby(["paper", "experiment"], sort=False):
        refuse_mixture(cell, f"{paper}: {experiment}")
        values = cell[metric].dropna().to_numpy(dtype=float)
        if not len(values):
            continue
        estimate = statistics.mean(values)
        low, high = estimate.interval(LEVEL)
        line = {"paper": paper, "experiment": experiment, "n": len(values)}
        line |= {"mean": estimate.value, "low": low, "high": high}
        line |= {"sd": float(np.std(values, ddof=1)) if len(values) > 1 else np.nan}
        line |= {cost: float(cell[cost].mean()) for cost in COSTS}
        line |= {name: cell[name].iloc[0] for name in CONTEXT}
        lines.append(line)
    return pd.DataFrame(lines)


def refuse_mixture(cell: pd.DataFrame, name: str) -> None:
    """Refuse rows that cannot be compared: other budgets, data or configs in one cell."""
    for column in ("budget", "data_hash", "config"):
        found = sorted({str(value) for value in cell[column].fillna("none")})
        if len(found) > 1:
            raise Refused(f"{name}: {column} differs within one cell: {' | '.join(found)}")


def averages(curves: pd.DataFrame) -> pd.DataFrame:
    """Return curves averaged over replicates: mean and sd per turn and place, one row a metric.

    The place, `at`, is where a row says that it stands on its study's own axis: a width, a
    sparsity, a training-set size. Most rows have none.
    """
    keys = ["paper", "experiment", "budget", "turn", "at"]
    known = {"trial", "seed", "member", "members", "phase", *COSTS, *keys}
    metrics = [name for name in curves.columns if name not in known]
    metrics = [name for name in metrics if pd.api.types.is_numeric_dtype(curves[name])]
    if curves.empty or not metrics:
        return pd.DataFrame(columns=[*keys, "metric", "mean", "sd", "n"])
    long = curves.melt(keys, metrics, "metric", "value").dropna(subset=["value"])
    grouped = long.groupby([*keys, "metric"], sort=True, dropna=False)["value"]
    return grouped.agg(mean="mean", sd="std", n="count").reset_index()
