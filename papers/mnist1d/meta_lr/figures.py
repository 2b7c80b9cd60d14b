"""The rate from both sides, and the meta-loss that it descends."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness import figures
from harness.figures import INK

STARTS = {"high": "from 1.5", "low": "from 0.15"}
PRINTED = {  # notebook: the rate after so many outer steps
    "high": {0: 1.5, 4: 1.259, 7: 1.044, 10: 0.9111, 25: 0.6735, 49: 0.6243},
    "low": {0: 0.15, 4: 0.4909, 7: 0.5407, 10: 0.5689, 25: 0.6124, 49: 0.6203},
}
OPTIMUM, LOSS = 0.62, 1.716  # paper; notebook


def descent(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw rate and meta-loss against outer steps, beside the published numbers."""
    rows = curves[curves["experiment"].isin([f"meta_lr/{name}" for name in STARTS])]
    rows = figures.deepest_rows(rows)
    if rows.empty:
        return None
    budget = rows["budget"].iloc[0]
    rows = rows[rows["turn"] < rows["turn"].max()]  # results repeat the last step
    figure = Figure(figsize=(11.5, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for (name, label), colour in zip(STARTS.items(), sns.color_palette(), strict=False):
        own = rows[rows["experiment"] == f"meta_lr/{name}"]
        _descent(left, own, name, label, colour)
        loss = own[own["metric"] == "meta_loss"]
        figures.line(right, loss, "turn", label=label, color=colour)
    left.axhline(OPTIMUM, color=INK, lw=1, ls=":", label="optimum in the paper, 0.62")
    left.set(xlabel="outer steps taken", ylabel="learning rate of inner SGD", ylim=(0, None))
    right.axhline(LOSS, color=INK, lw=1, ls="--", label="authors' notebook, last: 1.716")
    right.set(xlabel="outer steps taken", ylabel="meta-loss, nats")
    left.legend(fontsize="small")
    right.legend(fontsize="small")
    n = int(rows["n"].max())
    title = f"A learned rate, budget {budget}: mean of {n} initial weights, 95 % intervals"
    figure.suptitle(title)
    return figure


def _descent(
    axes: Axes, rows: pd.DataFrame, name: str, label: str, colour: tuple[float, ...]
) -> None:
    """Draw the measured rates, and dashed the ones that the authors printed for one of them."""
    rates = rows[rows["metric"] == "lr"]  # of a turn, after its step
    figures.line(axes, rates.assign(turn=rates["turn"] + 1), "turn", label=label, color=colour)
    note = f"printed, one initialisation, {label}"
    printed = PRINTED[name]
    axes.plot(list(printed), list(printed.values()), "o--", ms=4, lw=1, color=colour, label=note)


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {
    "meta-lr": descent,
}
