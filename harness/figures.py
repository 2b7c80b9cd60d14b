"""What papers draw with: the deepest budget that was measured, intervals, lines."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from scipy.stats import t as student

from harness import statistics
from harness.paper import BUDGETS
from harness.words import floor

INK = "#1d2330"  # what the paper printed, and lines that mark
# those of Okabe and Ito (2008) that are legible on white, and four that the colour-blind can tell
# from them by how dark they are
COLOURS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#332288", "#7F7F7F",
    "#882255", "#44AA99",
)  # fmt: skip
MARKERS = ("o", "s", "D", "^", "v", "P", "X", "p", "*", "h", "<", ">")


def look(at: int) -> dict[str, str]:
    """Return the colour and the marker of the method at a place: 120 pairs, each once.

    Methods that stand in one point differ in the shape too, whatever the eye makes of colours.
    """
    colour, turn = at % len(COLOURS), at // len(COLOURS)
    return {"color": COLOURS[colour], "marker": MARKERS[(colour + turn) % len(MARKERS)]}


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
    """Return the 95 % interval of the mean by which verdicts are found; a point where none is.

    That of errors and counts, by the name of `values`, ends at zero; differences of them, which
    may lie below, keep theirs.
    """
    low, high = statistics.mean(values.to_numpy(dtype=float)).interval(0.95)
    if low != low:
        return float(values.mean()), float(values.mean())
    least = floor(str(values.name))
    if least is None or values.min() < least:
        return low, high
    return max(low, least), high


def line(axes: Axes, rows: pd.DataFrame, x: str, scale: float = 1.0, **style: Any) -> None:
    """Draw rows of one metric of the averaged curves against `x`, with their 95 % t interval.

    Below three replicates there is none; that of errors and counts ends at zero.
    """
    rows = rows.sort_values(x)
    mean, n = scale * rows["mean"], rows["n"]
    reach = student.ppf(0.975, (n - 1).clip(lower=1)) * scale * rows["sd"] / n**0.5
    (drawn,) = axes.plot(rows[x], mean, **style)
    reach = reach.where(n >= statistics.FEWEST, 0.0).fillna(0.0)
    ends = {} if "metric" not in rows else {name: floor(name) for name in rows["metric"].unique()}
    bounded = bool(ends) and None not in ends.values()
    low = (mean - reach).clip(lower=0.0) if bounded else mean - reach
    axes.fill_between(rows[x], low, mean + reach, color=drawn.get_color(), alpha=0.15, lw=0)


def legend(axes: Axes, **style: Any) -> None:
    """Name what is drawn, where anything is: of one experiment alone it may be nothing."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(**style)
