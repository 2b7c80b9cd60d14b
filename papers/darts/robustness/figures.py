"""What becomes of a search of a reduced space, by how strongly its weights decay.

Idle operations are skip connections and, in S4, noise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness import figures

LEVELS = {
    "collapse/weak": ("weak decay", "#a8261c"),
    "collapse/medium": ("medium", "#d9a441"),
    "collapse/strong": ("strong", "#3b6ea5"),
}
SPACES = {
    "spaces/S1": ("S1", "#3b6ea5"),
    "collapse/weak": ("S2", "#a8261c"),
    "spaces/S3": ("S3", "#4f9a5b"),
    "spaces/S4": ("S4", "#6b46b8"),
}
PANELS = {  # metric: what is measured, what one unit of the axis is
    "skips": ("skips in the normal cell, of 8", 1),
    "skip_gap": ("weight, idle less convolution", 1),
    "eigenvalue": ("dominant eigenvalue by alpha", 1),
    "val_error": ("supernet's validation error, %", 100),
}


def collapse(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw skips, gap, curvature and error against epochs of search, a line for each decay."""
    return panels(curves, LEVELS, "S2, by the weights' decay in the search")


def spaces(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw the same for each reduced space, at weak decay."""
    return panels(curves, SPACES, "Reduced spaces, weak decay")


def panels(
    curves: pd.DataFrame, lines: Mapping[str, tuple[str, str]], title: str
) -> Figure | None:
    """Draw every measured quantity against epochs, a line for each experiment."""
    rows = curves[curves["experiment"].isin(lines) & curves["at"].notna()]
    budget = next(
        (found for name in lines if name != "collapse/weak"
         if (found := figures.deepest(rows, name))), None,
    )  # fmt: skip
    if budget is None:
        return None
    rows = rows[rows["budget"] == budget]
    figure = Figure(figsize=(10, 7), layout="constrained")
    for axes, (metric, (label, scale)) in zip(
        figure.subplots(2, 2).flat, PANELS.items(), strict=True
    ):
        own = rows[rows["metric"] == metric]
        _draw(axes, own, lines, scale)
        axes.set(xlabel="epochs of search", ylabel=label)
    figure.axes[0].set_ylim(-0.3, 8.3)
    figure.axes[0].legend(frameon=False, fontsize="small")
    seeds = int(rows["n"].max())
    text = f"{title}; budget {budget}, up to {seeds} seeds, 95 % intervals"
    figure.suptitle(text, fontsize="medium")
    return figure


def _draw(
    axes: Axes, rows: pd.DataFrame, lines: Mapping[str, tuple[str, str]], scale: float
) -> None:
    for name, (label, colour) in lines.items():
        own = rows[rows["experiment"] == name]
        if len(own):
            style: dict[str, Any] = {"label": label, "color": colour, "marker": "o"}
            figures.line(axes, own, "at", scale, ms=4, **style)


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {
    "collapse": collapse,
    "collapse-spaces": spaces,
}
