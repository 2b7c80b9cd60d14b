"""The recurrent study as a picture: what the cells reach, and what theta learns."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness import figures
from harness.figures import INK

ENAS, FROZEN, RANDOM = "recurrent/enas", "recurrent/frozen", "recurrent/random"
WAYS = {
    (ENAS, "test_loss"): ("ENAS", "#3b6ea5"),
    (FROZEN, "test_loss"): ("theta frozen", "#d9a441"),
    (RANDOM, "mean_test_loss"): ("random, mean", "#9ac7a1"),
    (RANDOM, "test_loss"): ("random, best", "#4f9a5b"),
    ("recurrent/published", "test_loss"): ("ENAS's cell, published", "#8a6fb0"),
}
PATHS = {
    (ENAS, "sampled_loss"): ("ENAS, drawn by its controller", "#3b6ea5"),
    (ENAS, "uniform_loss"): ("ENAS, drawn uniformly", "#8fb3d9"),
    (FROZEN, "sampled_loss"): ("theta frozen", "#d9a441"),
}


def recurrent(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw perplexities over the best random cell's, and cells' losses with shared weights."""
    rows = figures.deepest_rows(results, RANDOM)
    rows = rows[rows["status"] == "completed"]
    if rows.empty:
        return None
    budget = rows["budget"].iloc[0]
    figure = Figure(figsize=(12, 4.6), layout="constrained")
    losses, paths = figure.subplots(1, 2)
    _losses(losses, rows)
    own = curves[(curves["budget"] == budget) & curves["at"].notna()]
    for (experiment, metric), (label, colour) in PATHS.items():
        line = own[(own["experiment"] == experiment) & (own["metric"] == metric)]
        if len(line):
            figures.line(paths, line, "at", label=label, color=colour, marker="o", ms=4)
    paths.set(xlabel="steps of the shared weights", ylabel="cross-entropy, nats, shared weights")
    paths.set_title("A proxy: no result", fontsize=10)
    paths.legend(frameon=False)
    searches = rows["experiment"].isin({name for name, _ in WAYS})
    corpora = ", ".join(sorted(set(rows.loc[searches, "corpus"])))
    figure.suptitle(f"Recurrent cells, budget {budget}, corpus {corpora}: mean and 95 % interval")
    return figure


def _losses(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw each trial as a point, and the mean with its interval."""
    zero = rows.loc[rows["experiment"] == RANDOM, "test_loss"].mean()
    labels: list[str] = []
    for (experiment, metric), (label, colour) in WAYS.items():
        own = rows.loc[rows["experiment"] == experiment]
        values = own[metric].dropna() - zero
        if values.empty:
            continue
        place = len(labels)
        low, high = figures.interval(values)
        low, mean, high = np.exp((low, float(values.mean()), high))
        axes.plot(np.exp(values), [place] * len(values), "o", color=colour, alpha=0.4, ms=5)
        reach = [[mean - low], [high - mean]]
        axes.errorbar(mean, place, xerr=reach, fmt="s", color=colour, capsize=4)
        labels.append(label)
    axes.axvline(1, color=INK, lw=1, ls=":")
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_xlabel("test perplexity over that of the best random cell")


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {
    "recurrent": recurrent,
}
