"""The micro study as a picture: what theta learns, what the cells are worth, and the proxy."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness import figures
from harness.figures import INK

ENAS, FROZEN, SHARING = "signals/enas", "signals/frozen", "signals/weight_sharing"
RANDOM = "signals/random"
PATHS = {  # experiment and metric: whose paths, colour
    (ENAS, "sampled_accuracy"): ("ENAS, drawn by its controller", "#3b6ea5"),
    (ENAS, "uniform_accuracy"): ("ENAS, drawn uniformly", "#8fb3d9"),
    (FROZEN, "sampled_accuracy"): ("theta frozen", "#d9a441"),
    (SHARING, "sampled_accuracy"): ("uniform, twice the steps", "#9aa3b2"),
}
METHODS = {  # experiment and metric: label, colour
    (ENAS, "test_error"): ("ENAS", "#3b6ea5"),
    (FROZEN, "test_error"): ("theta\nfrozen", "#d9a441"),
    (SHARING, "test_error"): ("weight\nsharing", "#6f7a8c"),
    (RANDOM, "test_error"): ("best of 3\nrandom", "#4f9a5b"),
    (RANDOM, "mean_error"): ("mean\nrandom", "#9ac7a1"),
    ("signals/largest", "test_error"): ("largest", "#a8261c"),
}
SEARCHES = {ENAS: "#3b6ea5", FROZEN: "#d9a441", SHARING: "#6f7a8c"}


def micro(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw paths' accuracies while searching, errors from scratch, and one against the other.

    Error bars and bands: 95 % t intervals over seeds.
    """
    own = figures.deepest_rows(results, ENAS)
    own = own[own["status"] == "completed"]
    if own.empty:
        return None
    budget = own["budget"].iloc[0]
    figure = Figure(figsize=(14, 4.6), layout="constrained")
    paths, errors, proxy = figure.subplots(1, 3)
    _paths(paths, curves[(curves["budget"] == budget) & curves["at"].notna()])
    _errors(errors, own)
    _proxy(proxy, own)
    seeds = int((own["experiment"] == ENAS).sum())
    figure.suptitle(f"Cells of ENAS's micro space on signals, budget {budget}, n = {seeds}")
    return figure


def _paths(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw what paths score with the weights that they share."""
    for (experiment, metric), (label, colour) in PATHS.items():
        line = rows[(rows["experiment"] == experiment) & (rows["metric"] == metric)]
        if len(line):
            figures.line(axes, line, "at", 100, label=label, color=colour, marker="o", ms=4)
    axes.set(xlabel="steps of the shared weights", ylabel="accuracy with shared weights, %")
    axes.set_title("A proxy: no result", fontsize=10)
    axes.legend(frameon=False, fontsize="small")


def _errors(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the test error of every trial, with means and intervals."""
    labels: list[str] = []
    for (experiment, metric), (label, colour) in METHODS.items():
        own = rows[rows["experiment"] == experiment]
        values = 100 * (own[metric].dropna() if metric in own else pd.Series(dtype=float))
        if values.empty:
            continue
        place, mean = len(labels), float(values.mean())
        low, high = figures.interval(values)
        axes.plot([place] * len(values), values, "o", color=colour, alpha=0.45, ms=5)
        error = [[mean - low], [high - mean]]
        axes.errorbar(place + 0.18, mean, yerr=error, fmt="D", ms=5, color=colour, capsize=4)
        labels.append(label)
    axes.set_xticks(range(len(labels)), labels, fontsize=8)
    axes.set(ylabel="test error, %, trained from scratch", xlim=(-0.5, len(labels) - 0.3))
    axes.set_ylim(0, None)
    axes.grid(axis="x", visible=False)
    axes.set_title("What the cells are worth", fontsize=10)


def _proxy(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the found cells' validation errors from scratch against those with shared weights."""
    for experiment, colour in SEARCHES.items():
        own = rows[rows["experiment"] == experiment]
        if len(own):
            label = PATHS[(experiment, "sampled_accuracy")][0].partition(",")[0]
            axes.plot(
                100 * own["discrete_error"],
                100 * own["child_val_error"],
                "o",
                color=colour,
                label=label,
            )
    axes.axline((0, 0), slope=1, color=INK, lw=1, ls=":", label="equal")
    axes.set(xlabel="validation error with shared weights, %", xlim=(0, 100))
    axes.set(ylabel="the same cell's from scratch, %", ylim=(0, None))
    axes.set_title("A found cell's two errors", fontsize=10)
    axes.legend(frameon=False, fontsize="small")


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {"micro": micro}
