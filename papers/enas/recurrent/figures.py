"""The recurrent study as a picture: what the cells reach, and what theta learns."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from harness import figures
from papers.text.figures import Ways, perplexities

ENAS, FROZEN, RANDOM = "recurrent/enas", "recurrent/frozen", "recurrent/random"
WAYS = Ways(
    {
        ENAS: ("ENAS", "#3b6ea5"),
        FROZEN: ("theta frozen", "#d9a441"),
        RANDOM: ("random, best", "#4f9a5b"),
        "recurrent/published": ("ENAS's cell, published", "#8a6fb0"),
    },
    RANDOM,
    mean=("random, mean", "#9ac7a1"),
)
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
    rows = rows[rows["experiment"].isin(WAYS.labels)]
    perplexities(losses, rows, WAYS)
    own = curves[(curves["budget"] == budget) & curves["at"].notna()]
    for (experiment, metric), (label, colour) in PATHS.items():
        line = own[(own["experiment"] == experiment) & (own["metric"] == metric)]
        if len(line):
            figures.line(paths, line, "at", label=label, color=colour, marker="o", ms=4)
    paths.set(xlabel="steps of the shared weights", ylabel="cross-entropy, nats, shared weights")
    paths.set_title("A proxy: no result", fontsize=10)
    figures.legend(paths, frameon=False)
    corpora = ", ".join(sorted(set(rows["corpus"])))
    figure.suptitle(f"Recurrent cells, budget {budget}, corpus {corpora}: mean and 95 % interval")
    return figure


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {
    "recurrent": recurrent,
}
