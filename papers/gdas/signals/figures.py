"""How sure alpha is of a cell on signals."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from harness import figures
from harness.figures import INK

GDAS = "signals/gdas"
UNIFORM, PUBLISHED = 0.125, (0.127, 0.131)  # of the authors' first cell, as they stored it


def alpha(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw the largest weight beside the published ones, and both errors, against steps."""
    own = figures.deepest_rows(curves[(curves["experiment"] == GDAS) & curves["at"].notna()])
    if own.empty:
        return None
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    sure, errors = figure.subplots(1, 2)
    rows = {metric: own[own["metric"] == metric] for metric in own["metric"].unique()}
    figures.line(sure, rows["alpha_max"], "at", label="largest weight of an edge, mean")
    sure.axhspan(*PUBLISHED, color=INK, alpha=0.3, label="the published cell's weights")
    sure.axhline(UNIFORM, color=INK, ls=":", lw=1, label="uniform")
    sure.set(ylim=(0.1, None), title="how sure alpha is")
    names = {"val_error": "search network, mixture", "discrete_error": "its cell, shared weights"}
    for metric, label in names.items():
        figures.line(errors, rows[metric], "at", 100, label=label)
    errors.set(ylim=(0, 100), title="validation error, %")
    for axes in (sure, errors):
        axes.set_xlabel("steps of the search")
        axes.legend(fontsize=9)
    n, budget = int(own["n"].max()), own["budget"].iloc[0]
    figure.suptitle(f"{GDAS}, budget {budget}, n = {n}", fontsize=11)
    return figure


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {
    "signals-alpha": alpha,
}
