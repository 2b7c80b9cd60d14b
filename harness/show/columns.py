"""The columns of all tables of methods: each has a name and says once how it is written.

A table is a tuple of names; a line is a row of `generations.summary` and the unit of its task.
Tables that set methods side by side begin with what each is charged. A new column is an entry in
COLUMNS and its name in the tables that show it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

from harness.words import duration, percent, scientific

Line = Mapping[Hashable, Any]
DATED = "†"  # other code made this, and no replay has confirmed it since


def marked(text: str, dated: bool) -> str:
    """Return a text, with the mark where other code made what it says."""
    return f"{text} {DATED}" if dated else text


def estimate(line: Line) -> str:
    """Return the mean with its interval and unit: '65.5 [65.1, 65.9] %'.

    A fraction lies in [0, 1], and so does what is said of it; errors and regrets are not below 0.
    """
    if line["twice"]:
        return "invalid: the same seed and member twice"
    unit, (low, high) = line["unit"], (line["low"], line["high"])
    if unit == "%" and 0 <= line["mean"] <= 1:
        low, high = max(low, 0.0), min(high, 1.0)
    if line.get("floor") is not None and line["mean"] >= line["floor"]:
        low = max(low, line["floor"])
    text = percent(line["mean"], unit)
    if line["low"] == line["low"] and line["low"] != line["high"]:
        text += f" [{percent(low, unit)}, {percent(high, unit)}]"
    return f"{text} {unit}".strip()


def count(line: Line) -> str:
    """Return the number of trials, and how many replicates or searches each is the mean of."""
    return f"{line['n']} x {line['each']}" if line["each"] > 1 else f"{line['n']}"


def device_time(line: Line) -> str:
    """Return the device time of one replicate, with its digits where it is short."""
    seconds = line["seconds"]
    text = duration(seconds) if seconds >= 10 else f"{seconds:.2g} s"
    return _as_charged(text, line, "seconds")


def _as_charged(text: str, line: Line, cost: str) -> str:
    """Say it where a cost is not what this run took, but what it is charged."""
    return f"{text} charged" if cost in line["charged"] else text


COLUMNS: Mapping[str, Callable[[Line], str]] = {
    "method": lambda line: marked(f"{line['paper']}: {line['experiment']}", line["dated"]),
    "experiment": lambda line: marked(str(line["experiment"]), line["dated"]),
    "task": lambda line: str(line["task"]),
    "measured": estimate,
    "sd": lambda line: percent(line["sd"], line["unit"], 2),
    "n": count,
    "steps": lambda line: _as_charged(f"{line['steps']:,.0f}", line, "steps"),
    "device time": device_time,
    "FLOPs": lambda line: (
        _as_charged(scientific(line["flops"]), line, "flops") if line["flops"] else "–"
    ),
    "device": lambda line: str(line["device"]),
    "commit": lambda line: str(line["commit"]),
    "trial": lambda line: f"`{line['trial']}`",
}

COST = ("steps", "device time", "FLOPs")
STANDINGS = ("method", *COST, "measured", "sd", "n")
MEASURED = ("experiment", "task", "measured", "sd", "n", *COST, "trial")
COMPARED = ("method", *COST, "measured", "sd", "n", "device", "commit")


def cells(line: Line, names: tuple[str, ...]) -> list[str]:
    """Return the cells of one line under these columns, as text."""
    return [COLUMNS[name](line) for name in names]
