"""The league's searches as pictures: alpha on the way, and what the floor of tau changes."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness import figures

GDAS = "league/gdas"
OPERATIONS = ("none", "skip", "avg", "c3", "c5")
FLOORS = {  # of tau -> experiment
    0.01: "league/floor_0.01", 0.1: GDAS, 1.0: "league/floor_1", 10.0: "league/floor_10",
}  # fmt: skip
TASKS = {"regret": "at most 2 convolutions", "plain_regret": "any number"}
ONLY_TAU = {"alpha_max": "largest weight of an edge", "halves_agree": "halves of the end agree"}


def alpha(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw the mean weight of each operation, and how sure alpha is, against steps."""
    own = figures.deepest_rows(curves[curves["experiment"] == GDAS])
    if own.empty:
        return None
    figure = Figure(figsize=(14, 4.6), layout="constrained")
    panels = figure.subplots(1, 3)
    for op in OPERATIONS:
        _line(panels[0], own, f"alpha_{op}", op)
    _line(panels[1], own, "alpha_max", "largest weight of an edge")
    _line(panels[1], own, "alpha_entropy", "entropy of an edge's weights, nats")
    for metric, label in TASKS.items():
        _line(panels[2], own, metric, label, 100)
    titles = ("alpha, mean over edges", "how sure alpha is", "true regret of its cell, points")
    for axes, title in zip(panels, titles, strict=True):
        axes.set(xlabel="steps", title=title, ylim=(0, None))
        axes.legend(fontsize=9)
    n, budget = int(own["n"].max()), own["budget"].iloc[0]
    figure.suptitle(f"{GDAS}, budget {budget}, n = {n}", fontsize=11)
    return figure


def floors(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw regret and how sure alpha is against the floor of tau, a dot for each search."""
    budget = figures.deepest(results, GDAS)
    if budget is None:
        return None
    done = results[(results["budget"] == budget) & (results["status"] == "completed")]
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    regret, sure = figure.subplots(1, 2)
    for metric, label in TASKS.items():
        _swept(regret, done, metric, label, 100)
    for metric, label in ONLY_TAU.items():
        _swept(sure, done, metric, label)
    for axes, title in ((regret, "true regret, points"), (sure, "how sure alpha is")):
        axes.set(xscale="log", xlabel="tau of the last epoch (10: it does not fall)", title=title)
        axes.set_ylim(0, None)
        axes.legend(fontsize=9)
    figure.suptitle(f"the floor of tau, budget {budget}: means and 95 % intervals", fontsize=11)
    return figure


def _line(axes: Axes, rows: pd.DataFrame, metric: str, label: str, scale: float = 1) -> None:
    line = rows[(rows["metric"] == metric) & rows["at"].isna()]
    if len(line):
        figures.line(axes, line, "turn", scale, label=label)


def _swept(axes: Axes, done: pd.DataFrame, metric: str, label: str, scale: float = 1) -> None:
    """Draw a metric of each floor: all searches, their mean and its interval."""
    places, means, errors = [], [], []
    (colour,) = {line.get_color() for line in axes.plot([], [])}
    for floor, experiment in FLOORS.items():
        values = scale * done.loc[done["experiment"] == experiment, metric].dropna()
        if len(values) < 2:
            continue
        axes.plot([floor] * len(values), values, "o", color=colour, alpha=0.35, ms=4)
        low, high = figures.interval(values)
        places.append(1.15 * floor)
        means.append(float(values.mean()))
        errors.append((means[-1] - low, high - means[-1]))
    if places:
        bars = list(zip(*errors, strict=True))
        axes.errorbar(places, means, yerr=bars, fmt="D-", color=colour, capsize=4, label=label)


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {
    "league-alpha": alpha,
    "league-floors": floors,
}
