"""Searches on signals as pictures: what discretising costs, and what the cells are worth."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness import figures
from harness.figures import INK

FIRST, RANDOM = "signals/first_order", "signals/random"
ERRORS = {  # metric of a search: what it is, colour
    "discrete_error": ("derived cell, the supernet's weights", "#a8261c"),
    "val_error": ("supernet, all operations", "#3b6ea5"),
}
METHODS = {  # experiment and metric: label, colour
    (FIRST, "test_error"): ("first order", "#3b6ea5"),
    ("signals/second_order", "test_error"): ("second order", "#2b4c7e"),
    ("signals/coordinate", "test_error"): ("coordinate\ndescent", "#6b46b8"),
    ("signals/joint", "test_error"): ("joint", "#9a7fd1"),
    (RANDOM, "test_error"): ("random cells,\ntheir best", "#d9a441"),
    (RANDOM, "mean_error"): ("random cells,\ntheir mean", "#9aa3b2"),
}
CHANCE = 90  # per cent: ten classes


def discretising(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw both errors of a search against its steps, and that of the cell trained from scratch.

    Error bars and bands: 95 % t intervals over seeds.
    """
    rows = figures.deepest_rows(curves[(curves["experiment"] == FIRST) & curves["at"].notna()])
    if rows.empty:
        return None
    budget = rows["budget"].iloc[0]
    figure = Figure(figsize=(8, 4.6), layout="constrained")
    axes = figure.subplots()
    for metric, (label, colour) in ERRORS.items():
        own = rows[rows["metric"] == metric]
        figures.line(axes, own, "at", 100, label=label, color=colour, marker="o", ms=4)
    final = _measured(results, FIRST, budget, "child_val_error")
    if len(final):
        place = float(rows["at"].max()) * 1.06
        label = "derived cell, trained from scratch"
        _point(axes, place, 100 * final, (label, "#17703a"))
    axes.axhline(CHANCE, color=INK, lw=1, ls=":", label="chance")
    axes.set(xlabel="steps of the search", ylabel="validation error, %", ylim=(0, 100))
    axes.legend(frameon=False, fontsize="small", loc="center right")
    seeds = int(rows["n"].max())
    axes.set_title(f"First order on signals, budget {budget}, n = {seeds}", fontsize=11)
    return figure


def methods(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw the test error of every seed of every method, with means and 95 % t intervals."""
    budget = figures.deepest(results, FIRST)
    if budget is None:
        return None
    figure = Figure(figsize=(8.5, 4.6), layout="constrained")
    axes = figure.subplots()
    labels: list[str] = []
    for (experiment, metric), (label, colour) in METHODS.items():
        values = 100 * _measured(results, experiment, budget, metric)
        if values.empty:
            continue
        place = len(labels)
        axes.plot([place] * len(values), values, "o", color=colour, alpha=0.45, ms=5)
        _point(axes, place + 0.18, values, ("", colour))
        labels.append(f"{label}\nn = {len(values)}")
    axes.set_xticks(range(len(labels)), labels, fontsize=9)
    axes.set(ylabel="test error, %, trained from scratch", xlim=(-0.5, len(labels) - 0.3))
    axes.set_ylim(0, None)
    axes.grid(axis="x", visible=False)
    title = f"Cells on signals, budget {budget}: a dot for each trial"
    axes.set_title(title, fontsize=11)
    return figure


def _measured(
    results: pd.DataFrame, experiment: str, budget: str, metric: str
) -> pd.Series[float]:
    """Return the values of a metric in the completed trials of an experiment."""
    own = results[(results["experiment"] == experiment) & (results["budget"] == budget)]
    own = own[own["status"] == "completed"]
    return own[metric].dropna() if metric in own else pd.Series(dtype=float)


def _point(axes: Axes, place: float, values: pd.Series[float], style: tuple[str, str]) -> None:
    """Draw a mean with its interval."""
    low, high = figures.interval(values)
    mean = float(values.mean())
    error = [[mean - low], [high - mean]]
    label, colour = style
    axes.errorbar(
        place, mean, yerr=error, fmt="D", ms=5, color=colour, capsize=4, label=label or None
    )


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {
    "discretising": discretising,
    "signals": methods,
}
