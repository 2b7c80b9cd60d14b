"""The toy as a picture: who is found under noise, and how far it looks better than it is."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from harness import figures

KINDS = {
    "onemax/aging": "aging",
    "onemax/nonaging": "non-aging, the tournament's worst dies",
    "onemax/nonaging_worst": "non-aging, the worst of all dies",
}


def noise(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw what the best model is truly worth, and what it seems to be, against the noise."""
    found = {
        name: [figures.settled(curves, name, metric) for metric in ("worth", "seen")]
        for name in KINDS
    }
    if any(rows.empty for pair in found.values() for rows in pair):
        return None
    figure = Figure(figsize=(12, 4.6), layout="constrained")
    true, seen = figure.subplots(1, 2)
    for name, (worth, looked) in found.items():
        figures.line(true, worth, "at", 100, marker="o", label=KINDS[name])
        figures.line(seen, looked, "at", 100, marker="o", label=KINDS[name])
    for axes, title in ((true, "true share of ones, %"), (seen, "share that it seems to have, %")):
        axes.set(xlabel="standard deviation of an evaluation's noise", title=title)
        axes.set_ylim(50, 102)
    figures.legend(true, fontsize=9)
    figure.suptitle(
        "one-max of 100 bits, 1,000 evaluations, the model that looks best: means and 95 % "
        f"intervals, {figures.note(curves, 'onemax/aging')}",
        fontsize=11,
    )
    return figure


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {
    "onemax-noise": noise,
}
