"""What papers draw with: the deepest budget that was measured, intervals, lines."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from scipy.stats import t as student

from harness import statistics
from harness.paper import BUDGETS

INK = "#1d2330"  # what the paper printed, and lines that mark


def deepest(rows: pd.DataFrame, prefix: str) -> str | None:
    """Return the deepest budget at which an experiment of that prefix was measured."""
    found = set(rows.loc[rows["experiment"].str.startswith(prefix), "budget"])
    return next((budget for budget in reversed(BUDGETS) if budget in found), None)


def deepest_rows(rows: pd.DataFrame, prefix: str = "") -> pd.DataFrame:
    """Return the rows of the deepest budget that has an experiment of that prefix; maybe none."""
    return rows[rows["budget"] == deepest(rows, prefix)]


def settled(curves: pd.DataFrame, experiment: str, metric: str) -> pd.DataFrame:
    """Return one row per place of an experiment's axis, at its deepest budget, by rising place."""
    rows = curves[(curves["experiment"] == experiment) & (curves["metric"] == metric)]
    rows = deepest_rows(rows[rows["at"].notna()])
    return rows.sort_values("turn").groupby("at", as_index=False).last()


def note(curves: pd.DataFrame, experiment: str) -> str:
    """Return the budget and the number of replicates behind an experiment's curve, for a title."""
    rows = curves[curves["experiment"] == experiment]
    budget = deepest(rows, experiment)
    replicates = rows.loc[(rows["budget"] == budget) & rows["at"].notna(), "n"].max()
    return f"budget {budget}, n = {replicates:.0f}"


def interval(values: pd.Series[float]) -> tuple[float, float]:
    """Return the 95 % interval of the mean by which verdicts are found; a point where none is."""
    low, high = statistics.mean(values.to_numpy(dtype=float)).interval(0.95)
    return (low, high) if low == low else (float(values.mean()), float(values.mean()))


def line(axes: Axes, rows: pd.DataFrame, x: str, scale: float = 1.0, **style: Any) -> None:
    """Draw rows of one metric of the averaged curves against `x`, with their 95 % t interval.

    Below three replicates there is none.
    """
    rows = rows.sort_values(x)
    mean, n = scale * rows["mean"], rows["n"]
    reach = student.ppf(0.975, (n - 1).clip(lower=1)) * scale * rows["sd"] / n**0.5
    (drawn,) = axes.plot(rows[x], mean, **style)
    reach = reach.where(n >= statistics.FEWEST, 0.0).fillna(0.0)
    axes.fill_between(
        rows[x], mean - reach, mean + reach, color=drawn.get_color(), alpha=0.15, lw=0
    )


def legend(axes: Axes, **style: Any) -> None:
    """Name what is drawn, where anything is: of one experiment alone it may be nothing."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(**style)
