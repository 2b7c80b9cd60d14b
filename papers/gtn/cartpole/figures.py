"""How well fresh policies play after their one step, against outer steps."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from harness import figures

ARMS = {"cartpole/gtn": "generated pairs", "cartpole/direct": "pairs as parameters"}


def returns(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw the return of each arm on its way, and that of policies which took no step."""
    own = curves[curves["experiment"].isin(ARMS) & (curves["metric"] == "val_return")]
    own = figures.deepest_rows(own)
    if own.empty:
        return None
    budget = own["budget"].iloc[0]
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    for name, label in ARMS.items():
        rows = own[own["experiment"] == name]
        if not rows.empty:
            figures.line(axes, rows, "turn", label=label)
    done = results[results["experiment"].isin(ARMS) & (results["budget"] == budget)]
    untaught = done["untaught_return"].mean()
    axes.axhline(untaught, color=figures.INK, lw=1, ls=":", label="no step at all")
    axes.set(xlabel="outer steps", ylabel="steps that the pole stands, of 200")
    axes.set_title(f"policies after one step, budget {budget}, n = {own['n'].max():.0f}")
    axes.legend(fontsize=8)
    return figure


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {"cartpole": returns}
