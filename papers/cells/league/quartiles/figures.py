"""Regret with its median and quartiles over single searches, where a mean hides what one gives.

Two figures: every method of every paper where it ends, and searches on recorded trainings on the
way, evaluation by evaluation. `stacked` searches report the spread over the searches of a trial;
what a trial of one search reports is one of those that the spread is over.

Shapes: frames as `harness.figures` hands them to figures: current result rows, and curves averaged
over trials.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness import figures
from harness.figures import INK
from papers.cells.league.figures import LINES, NAMES, TASKS, Method, competing, of
from papers.cells.task import LEAGUE, LIMIT

PANELS = {
    "": f"at most {LIMIT} convolutions",
    "plain_": "any number of convolutions",
    "priced_": "a price for each convolution",
}
ENDS = ("low", "median", "high")
POINTS = [0, 0.5, 1, 2, 3, 4, 6, 8, 10, 15, 20, 30]
BANDS = 2  # methods of a panel whose quartiles are shaded; those of others are dotted


class Spread(NamedTuple):
    """What single searches of a method end with: quartiles of regret in points, and how many."""

    low: float
    median: float
    high: float
    searches: int


def standings(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw where each method of each paper ends in both tasks, the cheapest search at the top."""
    rows = figures.deepest_rows(results[results["task"] == LEAGUE.name])
    methods = _methods(rows)
    if not methods:
        return None
    figure = Figure(figsize=(15, 2 + 0.33 * len(methods)), layout="constrained")
    panels = figure.subplots(1, len(TASKS), sharey=True)
    for axes, (key, name) in zip(panels, TASKS.items(), strict=True):
        for place, method in enumerate(methods):
            _ended(axes, place, spread(of(rows, method), key))
        _marks(axes, rows, key)
        axes.set(xlabel="true regret of one search, points (root scale)", title=name)
        _root_scale(axes, "x", 25)
    panels[0].set_yticks(range(len(methods)), [_label(rows, method) for method in methods])
    panels[0].invert_yaxis()
    figure.suptitle(
        f"MNIST-1D cell league, budget {rows['budget'].iloc[0]}: median and quartiles over single "
        "searches, in order of the FLOPs charged to one",
        fontsize=11,
    )
    return figure


def spread(rows: pd.DataFrame, key: str) -> Spread | None:
    """Return the quartiles over searches of a method in one task; None where it took no part."""
    regret = f"{key}regret"
    if regret not in rows or rows[regret].isna().all():
        return None
    ends = [f"{regret}_{end}" for end in ENDS]
    if ends[0] in rows and rows[ends[0]].notna().all():
        found = rows[ends].mean()
        count = rows[f"{key}searches"].sum()
    else:
        found = rows[regret].quantile([0.25, 0.5, 0.75])
        count = rows[regret].notna().sum()
    low, median, high = (100 * float(value) for value in found)
    return Spread(low, median, high, int(count))


def on_the_way(curves: pd.DataFrame, methods: Mapping[str, str], title: str) -> Figure | None:
    """Draw median and quartiles of regret against evaluations, a panel for each objective.

    `methods` names experiments for the legend; quartiles of the first `BANDS` are shaded. Of a
    price there is one panel: all methods should have the same.
    """
    own = figures.deepest_rows(curves[curves["experiment"].isin(list(methods))])
    if own.empty:
        return None
    figure = Figure(figsize=(16, 5.2), layout="constrained")
    panels = figure.subplots(1, len(PANELS), sharey=True)
    for axes, (key, name) in zip(panels, PANELS.items(), strict=True):
        for number, (method, label) in enumerate(methods.items()):
            rows = own[own["experiment"] == method]
            _walked(axes, rows, f"{key}regret", label, shaded=number < BANDS)
        axes.set(xscale="log", xlabel="children trained in one search", title=name)
        _root_scale(axes, "y", 30)
    panels[0].set_ylabel("true regret, points (root scale)")
    known = panels[0].get_legend_handles_labels()
    figure.legend(*known, loc="outside lower center", ncols=4, fontsize=9)
    budget, n = own["budget"].iloc[0], int(own["n"].max())
    figure.suptitle(
        f"{title}: median over searches and quartiles (shaded or dotted), means of {n} trials, "
        f"budget {budget}",
        fontsize=11,
    )
    return figure


def _walked(axes: Axes, rows: pd.DataFrame, regret: str, label: str, shaded: bool) -> None:
    """Draw one method along its evaluations."""
    low, median, high = (
        100 * rows[rows["metric"] == f"{regret}_{end}"].set_index("at")["mean"].sort_index()
        for end in ENDS
    )
    if median.empty:
        return
    (drawn,) = axes.plot(median.index, median, label=label)
    colour = drawn.get_color()
    if shaded:
        axes.fill_between(median.index, low, high, color=colour, alpha=0.15, lw=0)
        return
    for end in (low, high):
        axes.plot(end.index, end, ":", color=colour, lw=1)


def _methods(rows: pd.DataFrame) -> list[Method]:
    """Return what competes, the cheapest search first."""
    if rows.empty:
        return []
    cost = rows.groupby(["paper", "experiment"])["charged_flops"].mean()
    return sorted(competing(rows), key=lambda method: float(cost[method]))


def _label(rows: pd.DataFrame, method: Method) -> str:
    """Return a method's name, what one search is charged, and how many there were."""
    own = of(rows, method)
    known = spread(own, "")
    paper, experiment = method
    name = f"{paper}: {experiment.removeprefix('league/').replace('_', ' ')}"
    count = known.searches if known else 0
    return f"{NAMES.get(experiment, name)} ({own['charged_flops'].mean():.0e} FLOPs, {count})"


def _ended(axes: Axes, place: int, found: Spread | None) -> None:
    """Draw the quartiles of one method as a bar with its median."""
    if found is None:
        return
    axes.plot([found.low, found.high], [place, place], color="#8aa0bd", lw=5, alpha=0.8)
    axes.plot(found.median, place, "o", color=INK, ms=6)


def _marks(axes: Axes, rows: pd.DataFrame, key: str) -> None:
    """Draw what needs no search as vertical lines, named where there is room."""
    heights: dict[float, list[str]] = {}
    for name, label in LINES.items():
        own = rows[rows["experiment"] == name]
        if len(own):
            heights.setdefault(round(100 * own[f"{key}regret"].iloc[0], 2), []).append(label)
    for number, (height, labels) in enumerate(sorted(heights.items())):
        colour, dash = figures.COLOURS[number % 10], (0, (6, 2, *(1, 2) * number))
        axes.axvline(height, ls=dash, color=colour, lw=1.2, label=", ".join(labels))
    if heights:
        axes.legend(fontsize=8, loc="lower right", title="no search", title_fontsize=8)


def _root_scale(axes: Axes, of: str, highest: float) -> None:
    """Give an axis of points the root scale, from 0."""
    root = (lambda v: abs(v) ** 0.5, lambda v: v**2)
    getattr(axes, f"set_{of}scale")("function", functions=root)
    getattr(axes, f"set_{of}ticks")([point for point in POINTS if point <= highest])
    getattr(axes, f"set_{of}lim")(0, highest)
