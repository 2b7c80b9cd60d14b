"""The league's own pictures of DARTS: alpha while it is trained, and what its supernet ranks."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import kendalltau

from harness import figures
from harness.figures import INK

ORDERS = {"league/first_order": "first order", "league/second_order": "second order"}
OPERATIONS = ("none", "skip", "avg", "c3", "c5")


def alpha(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw the mean weight of each operation against steps, and the skips of the derived cell."""
    own = _deepest(curves)
    if own.empty:
        return None
    figure = Figure(figsize=(14, 4.6), layout="constrained")
    panels = figure.subplots(1, len(ORDERS) + 1)
    for axes, (experiment, name) in zip(panels, ORDERS.items(), strict=False):
        rows = own[own["experiment"] == experiment]
        for op in OPERATIONS:
            line = rows[rows["metric"] == f"alpha_{op}"]
            if len(line):
                figures.line(axes, line, "turn", label=op)
        axes.set(xlabel="steps", ylabel="mean weight over edges", title=f"alpha, {name}")
        _named(axes)
    for experiment, name in ORDERS.items():
        rows = own[(own["experiment"] == experiment) & (own["metric"] == "skips")]
        if len(rows):
            figures.line(panels[-1], rows, "turn", label=name)
    panels[-1].set(xlabel="steps", ylabel="skip connections of 6 edges", title="derived cell")
    panels[-1].set_ylim(-0.2, 6.2)
    _named(panels[-1])
    return figure


def _named(axes: Axes) -> None:
    """Say what the lines are, where there are any."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=9)


def supernet(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw one-hot accuracy with the supernet's weights against the truth, cell by cell."""
    own = _deepest(curves)
    scatter = own[own["metric"].isin(("one_hot_accuracy", "true_accuracy"))]
    if scatter.empty:
        return None
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    panels = figure.subplots(1, len(ORDERS), sharex=True, sharey=True)
    for axes, (experiment, name) in zip(panels, ORDERS.items(), strict=True):
        rows = scatter[scatter["experiment"] == experiment]
        if len(rows):
            _scatter(axes, rows, name)
    panels[0].set_ylabel("one-hot validation accuracy, %")
    return figure


def _scatter(axes: Axes, rows: pd.DataFrame, name: str) -> None:
    """Draw the mean over seeds for each cell; tau in the title is of these means."""
    wide = rows.pivot_table(index="at", columns="metric", values="mean")
    truth, score = 100 * wide["true_accuracy"], 100 * wide["one_hot_accuracy"]
    axes.plot(truth, score, "o", ms=4, alpha=0.6)
    axes.plot((10, 100), (10, 100), "--", color=INK, lw=1)
    tau = kendalltau(truth, score).statistic
    n, budget = int(rows["n"].max()), rows["budget"].iloc[0]
    axes.set_title(f"{name}: tau of the means {tau:z.2f} ({budget}, n = {n})", fontsize=11)
    axes.set_xlabel("true accuracy, trained alone, %")


def _deepest(curves: pd.DataFrame) -> pd.DataFrame:
    return figures.deepest_rows(curves[curves["experiment"].isin(ORDERS)])


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {
    "league-alpha": alpha,
    "league-supernet": supernet,
}
