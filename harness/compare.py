"""Results -> comparison frames: which rows may stand together, and what they say on average.

Rows stand together when paper, experiment, budget, declared config, code and data hash agree. The
newest such generation of an experiment is current; older ones lend their variance to the verdicts
and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd

from harness import statistics
from harness.discover import Folder
from harness.paper import BUDGETS, Refused
from harness.verdict import Verdict

GENERATION = ["code", "data_hash"]
COSTS = ["steps", "seconds", "flops"]
LEVEL = 0.95


def declared(results: pd.DataFrame, found: Folder, budget: str) -> pd.DataFrame:
    """Return a paper's rows at a budget whose config is the declared one, without overrides."""
    configs = {
        e.name: json.dumps(asdict(e.at(budget)), sort_keys=True) for e in found.paper.experiments
    }
    own = results[(results["paper"] == found.name) & (results["budget"] == budget)]
    own = own[own["overrides"].fillna("") == ""]
    return own[own["config"] == own["experiment"].map(configs)]


def generations(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split rows into (current, earlier) generations, experiment by experiment."""
    newest = pd.Series(False, index=rows.index)
    for _, group in rows.groupby("experiment", sort=False):
        last = group.sort_values("finished").iloc[-1]
        same = (group[GENERATION].fillna("") == last[GENERATION].fillna("")).all(axis=1)
        newest[group.index] = same
    return rows[newest], rows[~newest]


def current(results: pd.DataFrame, found: Folder, budget: str) -> pd.DataFrame:
    """Return a paper's rows of the newest generation at a budget, with the declared config."""
    return generations(declared(results, found, budget))[0]


def judged(results: pd.DataFrame, found: Folder) -> dict[str, list[Verdict]]:
    """Return {budget: verdicts} for every budget at which a paper has rows and claims."""
    from harness.claims import judge

    verdicts = {}
    for budget in BUDGETS:
        newest, earlier = generations(declared(results, found, budget))
        if len(newest) and any(budget in claim.budgets for claim in found.paper.claims):
            verdicts[budget] = judge(found.paper, newest, budget, earlier)
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
        line |= {name: cell[name].iloc[0] for name in ("device", "data_hash", "commit", "dirty")}
        lines.append(line)
    return pd.DataFrame(lines)


def refuse_mixture(cell: pd.DataFrame, name: str) -> None:
    """Refuse rows that cannot be compared: other budgets, data or configs in one cell."""
    for column in ("budget", "data_hash", "config"):
        found = sorted({str(value) for value in cell[column].fillna("none")})
        if len(found) > 1:
            raise Refused(f"{name}: {column} differs within one cell: {' | '.join(found)}")


def tables(
    results: pd.DataFrame, papers: Sequence[Folder]
) -> Iterator[tuple[str, str, str, pd.DataFrame]]:
    """Yield (task, budget, metric, summary) for every task at every budget that has rows."""
    tasks = {e.task.name: e.task for found in papers for e in found.paper.experiments}
    for task in tasks.values():
        for budget in BUDGETS:
            parts = [current(results, found, budget) for found in papers]
            rows = pd.concat(parts) if parts else results.iloc[:0]
            rows = rows[(rows["task"] == task.name) & (rows["status"] == "completed")]
            if task.metric not in rows:
                continue
            for _, same_data in rows.groupby("data_hash", dropna=False, sort=False):
                table = summary(same_data, task.metric)
                rising = task.direction == "min"
                yield task.name, budget, task.metric, table.sort_values("mean", ascending=rising)


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


# -- numbers as people read them ------------------------------------------------------------------


def percent(value: float | None, unit: str, digits: int = 1) -> str:
    """Return a number in its unit: fractions become per cent or points, NaN a dash."""
    if value is None or value != value:
        return "–"
    if unit in ("%", "points"):
        return f"{100 * value:.{digits}f}"
    return f"{value:,.3g}" if value != int(value) else f"{int(value):,}"


def we_measured(verdict: Verdict) -> str:
    """Return estimate, interval and n of a verdict: '65.5 [65.1, 65.9] %, n = 16'."""
    if verdict.estimate is None:
        return "–"
    unit = verdict.claim.unit
    text = percent(verdict.estimate, unit)
    if verdict.low is not None and verdict.high is not None and verdict.low != verdict.high:
        text += f" [{percent(verdict.low, unit)}, {percent(verdict.high, unit)}]"
    counts = sorted(set(verdict.n))
    n = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    return f"{text} {unit}, n = {n}".replace("  ", " ").replace(" ,", ",")


def scientific(value: float) -> str:
    """Return a large count short: 8.2e+09 as '8.2 G'."""
    for size, prefix in ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g} {prefix}"
    return f"{value:.3g}"
