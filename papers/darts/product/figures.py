"""The error of the finite-difference product against its radius."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from harness import figures
from harness.figures import INK

PAPER = 1e-2  # footnote 2
PANELS = {
    "product/images": "digits, 8x8 pixels",
    "product/signals": "MNIST-1D, 40 positions",
}
NETWORK_KINDS = {
    "relu": ("ReLU, max pooling", "#3b6ea5"),
    "relu_float32": ("the same in float32", "#d9a441"),
    "smooth": ("softplus, average pooling", "#4f9a5b"),
}
STATES = {"initial": "-", "trained": "--"}


def radius(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw relative error and cosine against the radius: kinds as colours, states as dashes."""
    known = curves["experiment"].isin(PANELS) & curves["at"].notna()
    rows = figures.deepest_rows(curves[known])
    if rows.empty:
        return None
    budget = rows["budget"].iloc[0]
    shown = [name for name in PANELS if name in set(rows["experiment"])]
    figure = Figure(figsize=(12.5, 3.8 * len(shown)), layout="constrained")
    panels = figure.subplots(len(shown), 2, squeeze=False)
    for (left, right), name in zip(panels, shown, strict=True):
        own = rows[rows["experiment"] == name]
        for axes, metric in ((left, "error_log10"), (right, "cosine")):
            for kind, (label, colour) in NETWORK_KINDS.items():
                for state, dashes in STATES.items():
                    drawn = own[own["metric"] == f"{kind}_{state}_{metric}"]
                    if len(drawn):
                        name_it = f"{label}, {state}"
                        style: dict[str, Any] = {"ls": dashes, "color": colour, "label": name_it}
                        figures.line(axes, drawn, "at", marker="o", ms=4, **style)
            axes.axvline(PAPER, color=INK, lw=1, ls=":", label="the paper's radius")
            axes.set(xscale="log", xlabel="radius: eps |v|", title=PANELS[name])
        left.set(ylabel="relative error of the product, log10")
        right.set(ylabel="cosine with the exact product", ylim=(-0.6, 1.05))
        left.axhline(0, color=INK, lw=1)
        right.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1.02, 1))
    seeds = int(rows["n"].max())
    figure.suptitle(f"Eq. 8 against Eq. 7, budget {budget}: up to {seeds} seeds, 95 % intervals")
    return figure


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {
    "product-radius": radius,
}
