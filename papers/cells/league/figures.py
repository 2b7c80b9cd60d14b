"""The league's figure: regret against what was spent, for the search methods of all papers.

Shapes: frames as `harness.figures` hands them to figures of STANDINGS: current result rows, and
curves averaged over trials.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness import figures
from harness.figures import INK
from papers.cells.task import LEAGUE, LIMIT, STAND_INS

RANDOM = "league/random"
NAMES = {RANDOM: "random search", "trained": "random search, really trained"}
LINES = {
    "league/optimum": "optimum",
    "league/median": "median",
    **{f"league/{name}": name.replace("_", " ") for name in STAND_INS},
}
TASKS = {"": f"at most {LIMIT} convolutions", "plain_": "any number of convolutions"}

Method = tuple[str, str]  # paper and experiment


def league(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw regret against the FLOPs charged to one search, in both tasks, with the stand-ins.

    Every method of every paper that competes, a search as the unit.
    """
    rows = figures.deepest_rows(results[results["task"] == LEAGUE.name])
    if rows.empty:  # other tasks alone may lack the columns of this one
        return None
    methods = competing(rows)
    if not methods:
        return None
    budget = str(rows["budget"].iloc[0])
    curves = curves[curves["budget"] == budget]
    figure = Figure(figsize=(15, 6), layout="constrained")
    panels = figure.subplots(1, len(TASKS), sharey=True)
    looks = {method: figures.look(at) for at, method in enumerate(methods)}
    found = {method: (of(curves, method), of(rows, method)) for method in methods}
    for axes, (key, name) in zip(panels, TASKS.items(), strict=True):
        for method in methods:
            _method(axes, found[method], key, label=_name(*method), **looks[method])
        _lines(axes, rows, key)
        axes.set(xscale="log", xlabel="FLOPs charged to one search", title=name)
        axes.set_yscale("function", functions=(_root, np.square))
        axes.set_yticks([0, 0.5, 1, 2, 3, 4, 6, 8, 10, 15, 20])
        axes.set_ylim(0, 22)
    panels[0].set_ylabel("true regret, points (root scale)")
    known = panels[0].get_legend_handles_labels()
    figure.legend(*known, loc="outside lower center", ncols=4, fontsize=9)
    figure.suptitle(
        f"MNIST-1D cell league, budget {budget}: mean over searches and its 95 % interval, cut at "
        "zero; dotted: had a search stopped there",
        fontsize=11,
    )
    return figure


def _root(values: Any) -> Any:
    """Return square roots; below 0, where nothing is drawn, the limits of axes may fall."""
    return np.sqrt(np.maximum(values, 0))


def of(rows: pd.DataFrame, method: Method) -> pd.DataFrame:
    """Return the rows of a method."""
    paper, experiment = method
    return rows[(rows["paper"] == paper) & (rows["experiment"] == experiment)]


def competing(rows: pd.DataFrame) -> list[Method]:
    """Return what competes: random search once, of the paper in which it goes on longest.

    What has fewer than half the searches of others is a sweep, whose intervals span the picture.
    """
    every = zip(rows["paper"], rows["experiment"], strict=True)
    keys = [key for key in every if key[1] not in LINES]
    many = Counter(keys)
    most = max((n for (_, name), n in many.items() if name != RANDOM), default=0)
    found = [method for method, n in many.items() if 2 * n >= most]
    same = rows[rows["experiment"] == RANDOM].groupby("paper")["charged_steps"].mean()
    return [m for m in found if m[1] != RANDOM or m[0] == same.idxmax()]


def _method(axes: Axes, found: tuple[pd.DataFrame, pd.DataFrame], key: str, **style: Any) -> None:
    """Draw one method: what it would have returned along the way, and its result as a point."""
    curves, rows = found
    spent, regret = f"{key}charged_flops", f"{key}regret"
    if regret not in rows or rows[regret].isna().all():
        return
    n = len(rows)
    style["label"] = f"{style['label']} (n = {n})"
    line = _curve(curves, spent, regret)
    if rows["experiment"].iloc[0] == RANDOM:
        figures.line(axes, line, "spent", 100.0, ms=6, mfc="none", **style)
        return
    if len(line) > 1:
        axes.plot(line["spent"], 100 * line["mean"], ":", color=style["color"], lw=1.5)
    mean = 100 * rows[regret].mean()
    low, high = (100 * end for end in figures.interval(rows[regret]))
    error = [[mean - low], [high - mean]]
    # hollow: where points coincide, the shapes of all of them are seen
    hollow: dict[str, Any] = {
        "linestyle": "",
        "mfc": "none",
        "mew": 1.8,
        "ms": 9,
        "capsize": 4,
        "elinewidth": 1,
    }
    axes.errorbar(rows[spent].mean(), mean, yerr=error, **hollow, **style)


def _curve(curves: pd.DataFrame, spent: str, regret: str) -> pd.DataFrame:
    """Return the curve of regret with what was spent at each of its places.

    What was measured after the very first step of shared weights is left out. A search that is
    one for both tasks until it ends has one cost on the way.
    """
    keys = ["turn", "at"]
    charged, alone = (
        curves[curves["metric"] == name].set_index(keys)["mean"]
        for name in (spent, "charged_flops")
    )
    costs = charged.combine_first(alone).rename("spent")
    steps = curves[curves["metric"] == "charged_steps"].set_index(keys)["mean"].rename("steps")
    own = curves[curves["metric"] == regret].set_index(keys)
    if own.empty or costs.empty:
        return pd.DataFrame()
    joined = own.join(costs).join(steps).reset_index()
    return joined[joined["spent"].notna() & (joined["steps"] > 1)].sort_values("spent")


def _lines(axes: Axes, rows: pd.DataFrame, key: str) -> None:
    """Draw what needs no search as horizontal lines, one for all that are equal."""
    heights: dict[float, list[str]] = {}
    for name, label in LINES.items():
        own = rows[rows["experiment"] == name]
        if len(own):
            heights.setdefault(round(100 * own[f"{key}regret"].iloc[0], 2), []).append(label)
    for height, labels in heights.items():
        style = "-" if "optimum" in labels else "--"
        axes.axhline(height, ls=style, color=INK, lw=1, alpha=0.6)
        axes.annotate(
            ", ".join(labels), (0.01, height), xycoords=("axes fraction", "data"), xytext=(0, 2),
            textcoords="offset points", fontsize=8, color=INK,
        )  # fmt: skip


def _name(paper: str, experiment: str) -> str:
    known = f"{paper}: {experiment.removeprefix('league/').replace('_', ' ')}"
    return NAMES.get(experiment, known)
