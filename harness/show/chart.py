"""Methods that compete on one task as lines of SVG: result against cost, on three axes of cost.

Every method has a number, which stands in its marker and in the table below; a paper has a colour
and a shape. Markers that would cover each other are set side by side, each with a thin line to
where it belongs. Horizontal lines are what costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from harness.paper import Task
from harness.words import percent, scientific

WIDTH, HEIGHT = 960, 520
LEFT, RIGHT, TOP, BOTTOM = 56, 944, 16, 476
AXES = {"steps": "SGD steps", "flops": "FLOPs", "seconds": "device time, s"}
RADIUS, ROOM = 9, 19  # of a marker, and from one to the next
SHAPES = (
    "M-8 0a8 8 0 1 0 16 0a8 8 0 1 0-16 0z",
    "M-7.5-7.5h15v15h-15z",
    "M0-10l10 10-10 10-10-10z",
    "M0-12.5l11.5 20h-23z",
    "M-9 0l4.5-8h9l4.5 8-4.5 8h-9z",
    "M0 12.5l-11.5-20h23z",
    "M0-9.5l9 6.5-3.5 11h-11l-3.5-11z",
    "M-4-9h8v5h5v8h-5v5h-8v-5h-5v-8h5z",
)
DASHES = ("", "6 3", "2 2", "8 3 2 3", "1 3", "10 4")
TICKS = 7  # at most, on the vertical axis


@dataclass(frozen=True)
class Series:
    """One method on one axis: its line, its interval, and where its marker stands."""

    number: int
    name: str
    look: int  # of its paper: colour and shape
    dash: str
    line: str
    x: float
    y: float
    low: float
    high: float
    marker: tuple[float, float]


@dataclass(frozen=True)
class Panel:
    """The chart on one axis of cost."""

    key: str
    label: str
    ticks: Sequence[tuple[float, str]]
    series: Sequence[Series]


@dataclass(frozen=True)
class Chart:
    """All that a page shows of one task at one budget."""

    task: Task
    budget: str
    rows: Sequence[tuple[int, int, Sequence[str]]]  # (number, look, cells); 0: costs nothing
    papers: Sequence[tuple[str, int]]
    panels: Sequence[Panel]
    levels: Sequence[tuple[float, str]]  # horizontal lines
    ticks: Sequence[tuple[float, str]]  # of the vertical axis
    n: str  # trials that its points are means of


def chart(
    task: Task,
    budget: str,
    lines: pd.DataFrame,
    curves: pd.DataFrame,
    texts: Sequence[Sequence[str]],
) -> Chart:
    """Return the chart of `lines`, in their order, with `curves` of the same budget.

    `texts` are the cells of each line, for the table.
    """
    known = lines.to_dict("records")
    searched = [line for line in known if line["steps"] > 0]
    papers = {name: at % len(SHAPES) for at, name in enumerate(sorted(
        {line["paper"] for line in searched}))}  # fmt: skip
    numbers = {_key(line): at for at, line in enumerate(searched, start=1)}
    scale = Vertical(task, known)
    own = curves[curves["budget"] == budget]
    groups = {tuple(key): frame for key, frame in own.groupby(["paper", "experiment"])}
    found = {key: groups.get(key, own.iloc[:0]) for key in numbers}
    panels = [
        Panel(axis, label, *_panel(axis, task, searched, (numbers, papers), found, scale))
        for axis, label in AXES.items()
    ]
    sizes = [int(line["n"]) for line in searched]
    return Chart(
        task,
        budget,
        [
            (numbers.get(_key(line), 0), papers.get(line["paper"], 0), text)
            for line, text in zip(known, texts, strict=True)
        ],
        list(papers.items()),
        panels,
        list(_levels(known, scale)),
        scale.ticks,
        f"{min(sizes)} to {max(sizes)}" if sizes else "0",
    )


def _key(line: Mapping[Any, Any]) -> tuple[str, str]:
    return str(line["paper"]), str(line["experiment"])


class Vertical:
    """Heights on the chart: roots where less is better, so that the best spread out."""

    def __init__(self, task: Task, lines: Sequence[Mapping[Any, Any]]) -> None:
        means = [float(line["mean"]) for line in lines]
        self.root = task.direction == "min" and min(means) >= 0
        self.floor = 0.0 if self.root else min(means)
        self.top = max(means) + 0.08 * abs(max(means))
        if self.top <= self.floor:  # all are zero
            self.top = self.floor + 1.0
        self.ticks = [
            (self.at(value), _short(percent(value, task.unit, 2))) for value in self._values()
        ]

    def at(self, value: float) -> float:
        """Return the height of a value in units of the SVG; what lies outside is at the edge."""
        inside = min(max(value, self.floor), self.top)
        share = (inside - self.floor) / (self.top - self.floor)
        return round(BOTTOM - (BOTTOM - TOP) * (math.sqrt(share) if self.root else share), 1)

    def _values(self) -> list[float]:
        spread = self.top - self.floor
        step = 10 ** math.floor(math.log10(spread / TICKS))
        step = next(step * by for by in (1, 2, 5, 10) if spread / (step * by) <= TICKS)
        first = math.ceil(self.floor / step)
        even = [step * at for at in range(first, math.floor(self.top / step) + 1)]
        return sorted({*even, step / 5, 2 * step / 5}) if self.root else even


def _short(text: str) -> str:
    """Return a number without the noughts behind its point."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def _panel(
    axis: str,
    task: Task,
    lines: Sequence[Mapping[Any, Any]],
    looks: tuple[Mapping[tuple[str, str], int], Mapping[str, int]],
    found: Mapping[tuple[str, str], pd.DataFrame],
    scale: Vertical,
) -> tuple[list[tuple[float, str]], list[Series]]:
    """Return the ticks of one axis of cost, and every method on it."""
    numbers, papers = looks
    along = {key: _curve(frame, axis, task.metric) for key, frame in found.items()}
    costs = [float(line[axis]) for line in lines if line[axis] > 0]
    costs += [cost for points in along.values() for cost, _ in points]
    if not costs:
        return [], []
    low, high = math.log10(min(costs)), math.log10(max(costs))

    def across(cost: float) -> float:
        share = (math.log10(cost) - low) / (high - low or 1.0)
        return round(LEFT + 14 + (RIGHT - LEFT - 28) * share, 1)

    placed: list[tuple[float, float]] = []
    series = []
    for line in lines:
        if line[axis] <= 0:
            continue
        key = _key(line)
        x, y = across(float(line[axis])), scale.at(float(line["mean"]))
        placed.append(_beside(placed, x, y))
        known = line["low"] == line["low"]
        series.append(
            Series(
                numbers[key], ": ".join(key), papers[key[0]],
                DASHES[numbers[key] % len(DASHES)],
                " ".join(f"{across(cost)},{scale.at(value)}" for cost, value in along[key]),
                x, y,
                scale.at(line["low"]) if known else y, scale.at(line["high"]) if known else y,
                placed[-1],
            )
        )  # fmt: skip
    ticks = [
        (across(10.0**power), scientific(10.0**power).strip())
        for power in range(math.ceil(low), math.floor(high) + 1)
    ]
    return ticks, series


def _curve(frame: pd.DataFrame, axis: str, metric: str) -> list[tuple[float, float]]:
    """Return (cost, result) along the way, where both were recorded; the first step is none."""
    keys = ["turn", "at"]
    parts = {
        name: frame[frame["metric"] == name].drop_duplicates(keys).set_index(keys)["mean"]
        for name in (metric, f"charged_{axis}", "charged_steps")
    }
    if any(part.empty for part in parts.values()):
        return []
    joined = pd.DataFrame(parts).dropna()
    joined = joined[joined["charged_steps"] > 1].sort_values(f"charged_{axis}")
    return list(zip(joined[f"charged_{axis}"], joined[metric], strict=True))


def _beside(placed: Sequence[tuple[float, float]], x: float, y: float) -> tuple[float, float]:
    """Return the nearest free place on the same height for a marker."""
    for step in range(4 * len(placed) + 1):
        away = (step + 1) // 2 * ROOM * (1 if step % 2 else -1) / 2
        there = round(x + away, 1)
        inside = LEFT + RADIUS <= there <= RIGHT - RADIUS
        if inside and all(math.hypot(there - a, y - b) >= ROOM for a, b in placed):
            return there, y
    return x, y


def _levels(lines: Sequence[Mapping[Any, Any]], scale: Vertical) -> Iterator[tuple[float, str]]:
    """Yield (height, names) of what costs nothing, one for all that are equal."""
    heights: dict[float, list[str]] = {}
    for line in lines:
        if line["steps"] <= 0:
            name = str(line["experiment"]).rpartition("/")[2].replace("_", " ")
            heights.setdefault(scale.at(float(line["mean"])), []).append(name)
    yield from ((height, ", ".join(names)) for height, names in heights.items())
