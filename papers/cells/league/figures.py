"""The league's figure: regret against what was spent, for the search methods of all papers.

Shapes: frames as `harness.figures` hands them to figures of STANDINGS: current result rows, and
curves averaged over trials.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness import figures
from harness.figures import INK
from papers.cells.task import LEAGUE

REFERENCES = {"league/optimum": "optimum", "league/median": "median random cell"}
NAMES = {"league/random": "random search", "trained": "random search, really trained"}
AXES = {
    "charged_steps": "SGD steps charged to one search",
    "charged_flops": "FLOPs charged to one search",
    "charged_seconds": "device seconds of one search",
}
QUARTILES = ("regret_low", "regret_median", "regret_high")


def league(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw regret against SGD steps, FLOPs and seconds: median and quartiles, and the optimum.

    Every method of every paper that competes.
    """
    rows = figures.deepest_rows(results[results["task"] == LEAGUE.name])
    methods = [pair for pair in dict.fromkeys(_keys(rows)) if pair[1] not in REFERENCES]
    if not methods:
        return None
    budget = str(rows["budget"].iloc[0])
    figure = Figure(figsize=(15, 5), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    colours = dict(zip(methods, sns.color_palette("tab20", len(methods)), strict=True))
    curves = curves[curves["budget"] == budget]
    for axes, (spent, label) in zip(panels, AXES.items(), strict=True):
        for method in methods:
            own, found = (f[[key == method for key in _keys(f)]] for f in (curves, rows))
            _method(axes, (own, found), spent, label=_name(*method), color=colours[method])
        _references(axes, rows)
        axes.set(xscale="log", xlabel=label)
    panels[0].set_ylabel("true regret, points")
    panels[0].set_ylim(bottom=-0.6)
    panels[-1].legend(fontsize=9, loc="upper left", bbox_to_anchor=(1.02, 1))
    panels[1].set_title(
        f"MNIST-1D cell league, budget {budget}: median and quartiles", fontsize=11
    )
    return figure


def _keys(frame: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the method of every row: paper and experiment."""
    return list(zip(frame["paper"], frame["experiment"], strict=True))


def _method(
    axes: Axes, found: tuple[pd.DataFrame, pd.DataFrame], spent: str, **style: Any
) -> None:
    """Draw one method: its incumbent as a line, its results as a point with quartiles.

    Searches side by side have quartiles of their own along the line. Where a trial is one search,
    the line (dotted) is the mean of what it would have chosen, had it stopped there.
    """
    curves, rows = found
    drawn = _curve(curves, spent)
    if "regret_low" in drawn and (drawn["regret_low"] < drawn["regret_high"]).any():
        axes.plot(drawn[spent], 100 * drawn["regret_median"], **style)
        low, high = 100 * drawn["regret_low"], 100 * drawn["regret_high"]
        axes.fill_between(drawn[spent], low, high, color=style["color"], alpha=0.15, lw=0)
        return
    if len(drawn) > 1:
        axes.plot(drawn[spent], 100 * drawn["regret"], ":", color=style["color"], lw=1.5)
    quartiles = 100 * rows["regret"].quantile([0.25, 0.5, 0.75]).to_numpy()
    column = spent if spent in rows and rows[spent].notna().any() else "seconds"
    error = [[quartiles[1] - quartiles[0]], [quartiles[2] - quartiles[1]]]
    axes.errorbar(rows[column].median(), quartiles[1], yerr=error, fmt="o", capsize=4, **style)


def _curve(curves: pd.DataFrame, spent: str) -> pd.DataFrame:
    """Return one line per measurement: what was spent, and regret with its quartiles.

    What was measured after the very first step of shared weights is left out.
    """
    wanted = curves[curves["metric"].isin((spent, "charged_steps", "regret", *QUARTILES))]
    wide = wanted.pivot_table(index=["turn", "at"], columns="metric", values="mean", dropna=False)
    kept = wide.dropna(axis=1, how="all")
    if spent not in kept:
        return pd.DataFrame()
    known = kept.dropna().sort_values(spent)
    return known[known["charged_steps"] > 1].reset_index(drop=True)


def _references(axes: Axes, rows: pd.DataFrame) -> None:
    for name, label in REFERENCES.items():
        own = rows[rows["experiment"] == name]
        if len(own):
            height = 100 * own["regret"].iloc[0]
            style = "-" if name == "league/optimum" else "--"
            axes.axhline(height, ls=style, color=INK, lw=1)
            axes.annotate(
                label, (0.02, height), xycoords=("axes fraction", "data"), xytext=(0, 3),
                textcoords="offset points", fontsize=9, color=INK,
            )  # fmt: skip


def _name(paper: str, experiment: str) -> str:
    known = NAMES.get(experiment, experiment.removeprefix("league/").replace("_", " "))
    return f"{paper}: {known}"
