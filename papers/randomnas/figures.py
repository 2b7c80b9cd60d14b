"""This paper's own figures: the league, and how well shared weights rank cells."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from harness import figures
from harness.figures import INK
from papers.cells.league.figures import league

SHARING = "league/weight_sharing"
LINES = {
    "tau": "all cells",
    "tau_top": "best quarter",
    "tau_minibatch": "all, scored on 50 rows",
}


def ranking(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw Kendall's tau of shared weights against their training, with the noise ceiling."""
    own = figures.deepest_rows(curves[curves["experiment"] == SHARING])
    if own.empty:
        return None
    budget = own["budget"].iloc[0]
    steps = own[own["metric"] == "charged_steps"].groupby("turn")["mean"].mean()
    figure = Figure(figsize=(10, 4.8), layout="constrained")
    axes = figure.subplots()
    for metric, label in LINES.items():
        rows = own[own["metric"] == metric].assign(spent=lambda r: r["turn"].map(steps))
        rows = rows[rows["spent"].notna() & (rows["turn"] > 1)]
        figures.line(axes, rows, "spent", marker="o", ms=5, label=label)
    truth = results[(results["experiment"] == "truth") & (results["budget"] == budget)]
    for metric, style in (("tau", "--"), ("tau_top", ":")):
        if len(truth):
            name = {"tau": "noise ceiling", "tau_top": "noise ceiling, best quarter"}[metric]
            axes.axhline(truth[metric].iloc[0], ls=style, color=INK, lw=1, label=name)
    n = int(own["n"].max())
    axes.set(xlabel="SGD steps charged", ylabel="Kendall's tau-b with the truth", ylim=(-0.3, 1))
    axes.set_title(f"Shared weights' ranking of cells (budget {budget}, n = {n})", fontsize=11)
    axes.legend(fontsize=9, loc="center left", bbox_to_anchor=(1.02, 0.5))
    return figure


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {"ranking": ranking}
STANDINGS = {"league": league}
