"""The recurrent study as pictures: what the cells reach, and alpha while it is searched."""

from __future__ import annotations

from collections.abc import Callable
from math import log

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness import figures
from harness.figures import INK

RANDOM = "recurrent/random"
WAYS = {
    "recurrent/first_order": ("first order", "#d9a441"),
    "recurrent/second_order": ("second order", "#3b6ea5"),
    "recurrent/second_order_frozen_embedding": ("second order, embedding left", "#8a6fb0"),
    "recurrent/published": ("DARTS_V2, published", "#4f9a5b"),
    RANDOM: ("random, best", "#9aa3b2"),
}
PRINTED = {  # Table 2, Penn Treebank: perplexity over that of the best random cell
    "recurrent/first_order": 57.6 / 59.4,
    "recurrent/second_order": 55.7 / 59.4,
}
SEARCHES = tuple(WAYS)[:3]


def recurrent(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw perplexities over the best random cell's, and alpha's entropy while searching."""
    rows = figures.deepest_rows(results, RANDOM)
    if rows.empty:
        return None
    budget, rows = rows["budget"].iloc[0], rows[rows["experiment"].isin(WAYS)]
    figure = Figure(figsize=(12, 4.6), layout="constrained")
    losses, entropies = figure.subplots(1, 2)
    _losses(losses, rows)
    own = curves[(curves["budget"] == budget) & (curves["metric"] == "alpha_entropy")]
    for name in SEARCHES:
        line = own[(own["experiment"] == name) & own["at"].notna()]
        if len(line):
            label, colour = WAYS[name]
            figures.line(entropies, line, "at", label=label, color=colour, marker="o", ms=4)
    entropies.axhline(log(5), color=INK, lw=1, ls=":", label="uniform")
    entropies.set(xlabel="steps of the search", ylabel="entropy of alpha's rows, nats")
    entropies.legend(frameon=False)
    corpora = ", ".join(sorted(set(rows["corpus"])))
    figure.suptitle(f"Recurrent cells, budget {budget}, corpus {corpora}: mean and 95 % interval")
    return figure


def _losses(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw each trial as a point, the mean with its interval, and the paper's value."""
    zero = rows.loc[rows["experiment"] == RANDOM, "test_loss"].mean()
    present = [name for name in WAYS if (rows["experiment"] == name).any()]
    for place, name in enumerate(present):
        values = rows.loc[rows["experiment"] == name, "test_loss"] - zero
        low, high = figures.interval(values)
        low, mean, high = np.exp((low, float(values.mean()), high))
        label, colour = WAYS[name]
        axes.plot(np.exp(values), [place] * len(values), "o", color=colour, alpha=0.4, ms=5)
        reach = [[mean - low], [high - mean]]
        axes.errorbar(mean, place, xerr=reach, fmt="s", color=colour, capsize=4, label=label)
        if name in PRINTED:
            mark = "paper, Penn Treebank" if name == SEARCHES[0] else "_again"
            axes.plot(PRINTED[name], place, "x", color=INK, ms=9, mew=2, label=mark)
    axes.axvline(1, color=INK, lw=1, ls=":")
    axes.set_yticks(range(len(present)), [WAYS[name][0] for name in present])
    axes.set_ylim(len(present), -0.5)  # first way on top, and room below for the legend
    axes.set_xlabel("test perplexity over that of the best random cell")
    handles, labels = axes.get_legend_handles_labels()
    shown = [pair for pair in zip(handles, labels, strict=True) if pair[1].startswith("paper")]
    if shown:
        axes.legend(*zip(*shown, strict=True), frameon=False, loc="lower left")


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {
    "recurrent": recurrent,
}
