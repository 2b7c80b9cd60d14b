"""The league study as a picture: what the policy draws, what is picked of it, and the proxy."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness import figures
from harness.figures import INK
from papers.cells.task import LIMIT

ENAS, FROZEN, UNIFORM = "league/enas", "league/frozen", "league/uniform"
POLICIES = {
    ENAS: ("theta trained", "#3b6ea5"),
    FROZEN: ("theta frozen", "#d9a441"),
    UNIFORM: ("uniform", "#6f7a8c"),
}
TASKS = {"": f"at most {LIMIT} convolutions", "plain_": "any number of convolutions"}
STYLES = {"": ("o", "-"), "plain_": ("x", "--")}  # marker and line
LAST = 1  # the turn of rows that come after the search


def cells(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw the truth of sampled cells, the pick beside the best candidate, and the proxy.

    Bands: 95 % t intervals over seeds.
    """
    own = figures.deepest_rows(results, ENAS)
    own = own[own["status"] == "completed"]
    if own.empty:
        return None
    budget = own["budget"].iloc[0]
    curves = curves[curves["budget"] == budget]
    figure = Figure(figsize=(14, 5), layout="constrained")
    truth, picks, proxy = figure.subplots(1, 3)
    _truth(truth, curves)
    figure.legend(*truth.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    _picks(picks, own)
    _proxy(proxy, curves[curves["experiment"] == ENAS])
    seeds = int((own["experiment"] == ENAS).sum())
    figure.suptitle(f"ENAS in the cell league, budget {budget}, n = {seeds}")
    return figure


def _truth(axes: Axes, curves: pd.DataFrame) -> None:
    """Draw the mean true accuracy of cells that each policy draws, in both tasks."""
    for key, task in TASKS.items():
        rows = curves[(curves["metric"] == f"{key}sampled_truth") & (curves["turn"] != LAST)]
        marker, style = STYLES[key]
        for experiment, (label, colour) in POLICIES.items():
            line = rows[rows["experiment"] == experiment]
            if len(line):
                look = {"color": colour, "ls": style, "marker": marker, "ms": 5}
                figures.line(axes, line, "turn", 100, label=f"{label}, {task}", **look)
    axes.set(xlabel="steps of the shared weights", ylabel="true accuracy, %, mean over draws")
    axes.set_title("What the policy draws", fontsize=10)


def _picks(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw each search's regret against that of the best of its candidates."""
    for key, (marker, _) in STYLES.items():
        for experiment, (_, colour) in POLICIES.items():
            own, pick = rows[rows["experiment"] == experiment], f"{key}regret"
            if pick in own and own[pick].notna().any():
                best = 100 * own[f"{key}regret_candidate"]
                axes.plot(best, 100 * own[pick], marker, color=colour, alpha=0.7)
    axes.axline((0, 0), slope=1, color=INK, lw=1, ls=":")
    axes.set(xlabel="regret of the best candidate, points", ylabel="regret of the pick, points")
    axes.set_title("What is picked, a search a mark; dotted: equal", fontsize=10)


def _proxy(axes: Axes, curves: pd.DataFrame) -> None:
    """Draw cells' true accuracies against those with shared weights, both in the mean."""
    last = curves[curves["at"].notna()].pivot_table(index="at", columns="metric", values="mean")
    if {"one_hot_accuracy", "true_accuracy"} <= set(last):
        proxy, true = 100 * last["one_hot_accuracy"], 100 * last["true_accuracy"]
        axes.plot(proxy, true, "o", color=POLICIES[ENAS][1], ms=4, alpha=0.6)
    axes.set(xlabel="accuracy with shared weights, %: a proxy", ylabel="true accuracy, %")
    axes.set_title(f"Uniform cells, {TASKS['']}", fontsize=10)


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {"cells": cells}
