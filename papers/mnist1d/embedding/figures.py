"""This study's figures: the maps themselves, and how pure they are digit by digit."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness import figures
from harness.figures import INK
from papers.mnist1d.embedding import sketch

MAPS = {
    "embedding/mnist1d": "MNIST-1D, raw signals",
    "embedding/contrastive": "MNIST-1D, learned without labels",
    "embedding/mnist": "MNIST, raw pixels",
}
DIGITS = range(10)


def scatter(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw some points of one map of each kind, coloured by digit."""
    rows = _rows(results)
    if rows.empty or "map" not in rows:
        return None
    rows = rows[rows["map"].map(lambda text: isinstance(text, str) and text != "")]
    names = [name for name in MAPS if name in set(rows["experiment"])]
    figure = Figure(figsize=(4.2 * len(names) + 1, 4.6), layout="constrained")
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        first = rows[rows["experiment"] == name].sort_values(["seed", "member"]).iloc[0]
        points, digits = sketch.decode(first["map"])
        middle = (points.min(0) + points.max(0)) / 2
        axes.scatter(*(points - middle).T, c=digits, cmap="tab10", vmin=-0.5, vmax=9.5, s=9)
        axes.set(title=MAPS[name], xticks=[], yticks=[], aspect="equal")
        axes.set(xlim=(-0.53, 0.53), ylim=(-0.53, 0.53))
        axes.set(xlabel=f"{len(digits)} points; purity {100 * first['purity']:.0f} %")
    colours = figure.colorbar(axes.collections[0], ax=axes, ticks=list(DIGITS))
    colours.set_label("digit")
    budget = rows["budget"].iloc[0]
    figure.suptitle(f"t-SNE, budget {budget}: axes have no unit; purity is that of all points")
    return figure


def purity(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw the share of same-digit neighbours on the map for every digit and map."""
    rows = _rows(results)
    if rows.empty:
        return None
    figure = Figure(figsize=(10.5, 4.6), layout="constrained")
    axes = figure.subplots()
    columns = {f"class_{digit}": str(digit) for digit in DIGITS}
    rows = rows.rename(columns=columns | {"purity": "all"})
    named = rows[["experiment", *columns.values(), "all"]]  # other papers have a "share", too
    long = named.melt(["experiment"], None, "digit", "share")
    long = long.assign(share=100 * long["share"], map=long["experiment"].map(MAPS))
    hues = [label for name, label in MAPS.items() if name in set(rows["experiment"])]
    apart = 0.4 if len(hues) > 1 else False
    sns.pointplot(
        long, x="digit", y="share", hue="map", hue_order=hues, errorbar=figures.interval,
        capsize=0.15, dodge=apart, linestyle="none", err_kws={"lw": 1.4}, ax=axes,
    )  # fmt: skip
    axes.set(xlabel="digit", ylim=(0, 102))
    axes.set_ylabel("10 nearest points with the same digit, %")
    _before(axes, rows, hues)
    n = rows.groupby("experiment").size().max()
    axes.set_title(f"t-SNE maps, budget {rows['budget'].iloc[0]}: up to {n} maps, 95 % interval")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    return figure


def _before(axes: Axes, rows: pd.DataFrame, hues: list[str]) -> None:
    """Mark each map's purity before mapping, in its colour."""
    means = rows.groupby(rows["experiment"].map(MAPS))["purity_before"].mean()
    for label, colour in zip(hues, sns.color_palette(), strict=False):
        axes.axhline(100 * means[label], ls=":", lw=1.3, color=colour)
    axes.plot([], [], ":", color=INK, label="all digits, before mapping")


def _rows(results: pd.DataFrame) -> pd.DataFrame:
    """Return the finished maps at the deepest budget."""
    own = results["experiment"].isin(MAPS) & (results["status"] == "completed")
    return figures.deepest_rows(results[own])


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {
    "embedding": scatter,
    "embedding-purity": purity,
}
