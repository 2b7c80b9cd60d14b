"""A picture: what each network reaches with predicted parameters, beside what SGD reaches."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness import figures, statistics
from harness.figures import INK
from papers.ghn2.published import released
from papers.ghn2.published.config import RELEASED
from papers.ghn2.published.released import Table

SPLITS = {"test": ("in distribution", "C7"), "wide": ("wide", "C1"), "deep": ("deep", "C2"),
          "dense": ("dense", "C0"), "bnfree": ("no batch norm", "C3")}  # fmt: skip
METHODS = {"ghn2": "GHN-2", "ghn1": "GHN-1"}
SGD = {"cifar10": "50 epochs of SGD, top-1 on CIFAR-10, %",
       "imagenet": "one epoch of SGD, top-5 on ImageNet, %"}  # fmt: skip
ALONE = ("ResNet-50", "vision transformer")


def networks(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw each network's accuracy in one pass against SGD's, by data set and hypernetwork."""
    if figures.deepest(results, "published/results") is None:
        return None
    figure = Figure(figsize=(11, 9.6), layout="constrained")
    panels = figure.subplots(len(RELEASED), len(METHODS), sharey="row")
    for row, data in zip(panels, RELEASED, strict=True):
        table = released.read(data)
        for axes, method in zip(row, METHODS, strict=True):
            cloud(axes, table, method)
        row[0].set_ylabel("predicted parameters, %")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), markerscale=2)
    return figure


def cloud(axes: Axes, table: Table, method: str) -> None:
    """Draw one hypernetwork's networks, the line of equal accuracy, and Kendall's tau."""
    for split, (label, color) in SPLITS.items():
        x, y = 100 * table.of(split, "sgd"), 100 * table.of(split, method)
        axes.scatter(x, y, s=14, alpha=0.6, lw=0, color=color, label=label)
    x, y = 100 * table.of("predefined", "sgd"), 100 * table.of("predefined", method)
    axes.scatter(x, y, s=36, marker="D", color=INK, label="predefined", zorder=3)
    for name, right, up in zip(ALONE, x, y, strict=True):
        axes.annotate(name, (right, up), (-6, 6), textcoords="offset points", ha="right",
                      fontsize=9)  # fmt: skip
    top = max(axes.get_ylim()[1], float(y.max()))
    axes.plot([0, top], [0, top], ls=":", lw=1, color=INK)
    tau = statistics.tau(table.of("test", method), table.of("test", "sgd"))
    axes.set(xlabel=SGD[table.data], ylim=(0, None), xlim=(0, None))
    axes.set_title(f"{METHODS[method]}: tau in distribution {tau:z.2f}")


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {
    "published-results": networks,
}
