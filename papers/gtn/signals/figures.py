"""Meta-training at many rates as a picture: how many learn, with weight norm and without."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from harness import figures
from papers.gtn.signals.config import Grid

GRIDS = {"signals/grid/weight_norm": "with weight norm", "signals/grid/plain": "without"}


def rates(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw the distribution of validation accuracy over pairs of rates and seeds."""
    own = results[results["experiment"].isin(list(GRIDS))]
    own = figures.deepest_rows(own[own["status"] == "completed"])
    reached = [name for name in own.columns if name.startswith("reached ")]
    if own.empty or not reached:
        return None
    figure = Figure(figsize=(8, 4.4), layout="constrained")
    axes = figure.subplots()
    for experiment, label in GRIDS.items():
        values = 100 * np.sort(own.loc[own["experiment"] == experiment, reached].stack())
        if len(values):
            axes.step(
                values, np.arange(1, len(values) + 1) / len(values), where="post", label=label
            )
    axes.axvline(100 * Grid.learns, color=figures.INK, lw=1, ls=":", label="has learned something")
    axes.set(xlabel="validation accuracy, %, after 60 outer steps; 0: not finite",
             ylabel="share of runs at most there")  # fmt: skip
    figures.legend(axes, fontsize=9)
    n = int(own.groupby("experiment")["seed"].nunique().max())
    axes.set_title(
        f"Twelve pairs of rates, n = {n} each, budget {own['budget'].iloc[0]}", fontsize=10
    )
    return figure


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {
    "rates": rates,
}
