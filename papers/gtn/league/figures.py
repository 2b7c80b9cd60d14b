"""GTN-NAS in the league as a picture: ranking by steps, scores beside the truth, break-even."""

from __future__ import annotations

import json
from collections.abc import Callable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness import figures
from papers.gtn.league.study import GTN, STEPS, on_real

TAUGHT = 16  # steps on synthetic data
LOOKS = {
    "rho": ("all cells", "#3b6ea5", "o"),
    "rho_top": ("better half, by own score", "#d9a441", "s"),
    "partial": ("given the number of parameters", "#4f8f5b", "^"),
}


def ranking(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw rank correlations by steps, scores beside the truth, and the price of a search."""
    names = [GTN, *(on_real(steps) for steps in STEPS)]
    own = results[results["experiment"].isin(names)]
    own = figures.deepest_rows(own[own["status"] == "completed"])
    if own.empty:
        return None
    budget = own["budget"].iloc[0]
    figure = Figure(figsize=(15, 4.8), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    _by_steps(left, own)
    _beside(middle, curves[curves["budget"] == budget])
    _price(right, own)
    n = int(own.groupby("experiment")["seed"].nunique().max())
    figure.suptitle(f"Ranking by few steps, at most two convolutions, budget {budget}, n = {n}",
                    fontsize=11)  # fmt: skip
    return figure


def _by_steps(axes: Axes, own: pd.DataFrame) -> None:
    """Draw correlations on real data as lines, those on synthetic data as single marks."""
    for place, (metric, (label, colour, marker)) in enumerate(LOOKS.items()):
        means = {s: own.loc[own["experiment"] == on_real(s), metric].mean() for s in STEPS}
        axes.plot(list(means), list(means.values()), marker, ls="-", color=colour,
                  label=f"real data, {label}")  # fmt: skip
        taught = own.loc[own["experiment"] == GTN, metric]
        if len(taught):
            axes.plot(TAUGHT, taught.mean(), "*", color=colour, ms=16, mec=figures.INK)
            low, high = figures.interval(taught)
            axes.vlines(TAUGHT * (1.12 + 0.05 * place), low, high, color=colour, lw=2)
    axes.axhline(own["rho_parameters"].mean(), color=figures.INK, ls=":", lw=1,
                 label="the number of parameters, all cells")  # fmt: skip
    axes.set(xscale="log", ylim=(-1.05, 1.05), xlabel="SGD steps a cell (star: on synthetic data)",
             ylabel="Spearman's rho with the truth")  # fmt: skip
    axes.set_xticks(STEPS, [str(step) for step in STEPS])
    figures.legend(axes, fontsize=8)


def _beside(axes: Axes, curves: pd.DataFrame) -> None:
    """Draw each ranked cell: what it is worth against what it reached in 16 steps."""
    for experiment, label in ((GTN, "synthetic data"), (on_real(TAUGHT), "real data")):
        rows = curves[(curves["experiment"] == experiment) & curves["at"].notna()]
        table = rows.pivot_table(index="at", columns="metric", values="mean")
        if {"score", "truth"} <= set(table):
            axes.plot(100 * table["score"], 100 * table["truth"], "o", ms=4, alpha=0.6,
                      label=f"16 steps on {label}")  # fmt: skip
    axes.set(xlabel="mean validation accuracy after 16 steps, %", ylabel="true accuracy, %")
    figures.legend(axes, fontsize=8, loc="center right")


def _price(axes: Axes, own: pd.DataFrame) -> None:
    """Draw the FLOPs of a search by the number of cells it scores, meta-training included."""
    for experiment in dict.fromkeys(own["experiment"]):
        rows = own[own["experiment"] == experiment]
        meta = rows["meta_flops"].mean()
        ranked = json.loads(rows["config"].iloc[0])["ranked"]
        cell = (rows["charged_flops"] - rows["meta_flops"]).mean() / ranked
        cells = pd.Series(range(1, 1001))
        label = experiment.removeprefix("league/").replace("_", " ")
        axes.plot(cells, meta + cells * cell, label=label, lw=2.5 if experiment == GTN else 1.2)
    axes.set(xscale="log", yscale="log", xlabel="cells scored", ylabel="FLOPs of the whole search")
    figures.legend(axes, fontsize=8)


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {
    "ranking": ranking,
}
