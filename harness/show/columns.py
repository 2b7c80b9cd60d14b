"""The columns of all tables of methods: each has a name and says once how it is written.

A table is a tuple of names; a line is a row of `generations.summary` and the unit of its task. A
new column is an entry in COLUMNS and its name in the tables that show it.
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
    """Return the mean with its interval and unit: '65.5 [65.1, 65.9] %'."""
    unit = line["unit"]
    text = percent(line["mean"], unit)
    if line["low"] == line["low"] and line["low"] != line["high"]:
        text += f" [{percent(line['low'], unit)}, {percent(line['high'], unit)}]"
    return f"{text} {unit}".strip()


def device_time(line: Line) -> str:
    """Return the device time of one replicate, with its digits where it is short."""
    seconds = line["seconds"]
    return duration(seconds) if seconds >= 10 else f"{seconds:.2g} s"


COLUMNS: Mapping[str, Callable[[Line], str]] = {
    "method": lambda line: marked(f"{line['paper']}: {line['experiment']}", line["dated"]),
    "experiment": lambda line: marked(str(line["experiment"]), line["dated"]),
    "task": lambda line: str(line["task"]),
    "measured": estimate,
    "sd": lambda line: percent(line["sd"], line["unit"], 2),
    "n": lambda line: f"{line['n']}",
    "steps": lambda line: f"{line['steps']:,.0f}",
    "device time": device_time,
    "FLOPs": lambda line: scientific(line["flops"]) if line["flops"] else "–",
    "device": lambda line: str(line["device"]),
    "commit": lambda line: str(line["commit"]),
    "trial": lambda line: f"`{line['trial']}`",
}

COST = ("steps", "device time", "FLOPs")
STANDINGS = ("method", "measured", "sd", "n", *COST)
MEASURED = ("experiment", "task", "measured", "sd", "n", *COST, "trial")
COMPARED = ("method", "measured", "sd", "n", *COST, "device", "commit")


def cells(line: Line, names: tuple[str, ...]) -> list[str]:
    """Return the cells of one line under these columns, as text."""
    return [COLUMNS[name](line) for name in names]
