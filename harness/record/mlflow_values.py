"""What a result is in MLflow's words: parameters, tags, and points with steps and times."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from harness.record import journal
from harness.record.journal import ROW_KEYS, Result

LONGEST = {"param": 6000, "tag": 8000, "digest": 36}
CURRENCIES = ("steps", "seconds", "flops")
IDENTITY = (
    *("paper", "experiment", "task", "budget", "seed", "isa", "threads", "code", "clock"),
    "overrides",
)


class Point(NamedTuple):
    """One number of a chart; the time is in milliseconds."""

    key: str
    value: float
    time: int
    step: int


def last_seen(folder: Path) -> float:
    """Return when a trial last gave a sign of life (Unix seconds), as its file system says."""
    paths = [path for name in ("heartbeat.json", journal.NAME) if (path := folder / name).exists()]
    return max((path.stat().st_mtime for path in paths), default=0.0)


def turns(result: Result) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Yield the rows of each turn with their step: turns counted through all phases.

    Members of a turn that may still be growing are held back, so that their mean is over all.
    """
    last: dict[str, int] = {}
    grouped = groupby(result.rows, lambda row: (row["phase"], row["turn"]))
    groups = [(key, list(rows)) for key, rows in grouped]
    if groups and result.status == "running" and "member" in groups[-1][1][-1]["values"]:
        groups.pop()
    for (phase, turn), rows in groups:
        last[phase] = turn
        yield sum(last.values()), rows


def points(result: Result, begin: int = 0) -> Iterator[tuple[int, list[Point]]]:
    """Yield (index behind it, points) of each turn that has rows from index `begin` on.

    A metric has one key. Where a trial has members it is their mean, each as it was last measured,
    so that what stands last is the result of all; how far they lie apart is a section of its own.
    What was spent is said once a turn.
    """
    members: dict[str, dict[Any, float]] = {}
    for step, turn in turns(result):
        own, touched = [], dict[str, int]()
        for row in turn:
            clock, member = int(row["time"] * 1000), row["values"].get("member")
            for name, value in numbers(row["values"]):
                if member is not None:
                    members.setdefault(name, {})[member] = value
                    touched[name] = clock
                elif row["index"] >= begin:
                    own.append(Point(name, value, clock, step))
        if turn[-1]["index"] < begin:
            continue
        for name, clock in touched.items():
            told = {name: mean(members[name].values()), **spread(name, members[name].values())}
            own += [Point(key, value, clock, step) for key, value in told.items()]
        if turn[0]["index"] >= begin:
            clock = int(turn[-1]["time"] * 1000)
            for currency in CURRENCIES:
                own.append(Point(f"budget/{currency}", float(turn[0][currency]), clock, step))
        yield turn[-1]["index"] + 1, own


def numbers(values: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield key and value of what a row measured, less its texts."""
    for name, value in values.items():
        if name not in ROW_KEYS and not isinstance(value, str):
            yield key(name), float(value)


def spread(name: str, values: Collection[float]) -> dict[str, float]:
    """Return how far members lie apart: standard deviation, least, greatest; nothing for one."""
    if len(values) < 2:
        return {}
    middle = mean(values)
    told = {"sd": math.hypot(*(v - middle for v in values)) / math.sqrt(len(values) - 1)}
    told |= {"min": min(values), "max": max(values)}
    hollow = math.isnan(middle)  # one that diverged: no order, no distance
    return {f"spread/{name}.{of}": math.nan if hollow else v for of, v in told.items()}


def mean(values: Collection[float]) -> float:
    """Return the mean; one of infinities or of numbers too large to add is none, but no error."""
    return sum(values) / len(values)


def table(result: Result) -> str:
    """Return what each member measured, as CSV with a line for each row; empty without members."""
    rows = [row for row in result.rows if "member" in row["values"]]
    if not rows:
        return ""
    names = dict.fromkeys(name for row in rows for name in row["values"])
    columns = ["phase", "turn", *CURRENCIES, *sorted(names, key=lambda n: n not in ROW_KEYS)]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: row.get(name, "") for name in columns[:5]} | row["values"])
    return text.getvalue()


def flatten(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield the parameters of a config: nested fields as 'retrain.epochs', values as text."""
    if isinstance(value, dict) and (value or not name):
        for inner_name, inner in value.items():
            yield from flatten(inner, f"{name}.{inner_name}" if name else str(inner_name))
    else:
        text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        yield key(name), cut(text, LONGEST["param"])


def tags_of(result: Result) -> dict[str, str]:
    """Return what may change, or is searched for: identity, provenance, status, last strings.

    A string that members do not share stands in their table only.
    """
    spec, made = result.spec, result.provenance
    tags = {f"harness.{name}": spec.get(name, "") for name in IDENTITY}
    tags |= {f"harness.{name}": made.get(name, "") for name in ("commit", "dirty", "device")}
    tags |= {"harness.trial": result.trial, "harness.started": result.started}
    tags |= {"harness.data": result.data.get("name", "")}
    tags |= {"harness.data_hash": result.data.get("hash", "")}
    tags |= {"harness.status": result.status, "harness.stopped_by": result.stopped_by}
    tags |= {"harness.error": result.error} if result.error else {}
    texts: dict[str, set[str]] = {}
    for row in result.finals:
        for name, text in row["values"].items():
            if isinstance(text, str):
                texts.setdefault(name, set()).add(text)
    tags |= {f"final.{key(name)}": min(some) for name, some in texts.items() if len(some) == 1}
    tags |= source_of(result)
    return {name: cut(str(value), LONGEST["tag"]) for name, value in tags.items()}


def source_of(result: Result) -> dict[str, str]:
    """Return what MLflow's own columns show: who ran it, from which code."""
    tags = {"mlflow.source.name": str(result.spec.get("folder", f"papers/{result.spec['paper']}"))}
    tags |= {"mlflow.source.type": "LOCAL", "mlflow.user": owner(result.folder)}
    commit = str(result.provenance.get("commit", ""))
    if re.fullmatch("[0-9a-f]{7,40}", commit):
        tags |= {"mlflow.source.git.commit": commit}
    return tags


def owner(folder: Path) -> str:
    """Return who ran a trial: whose folder it is, by name, or by number where there is no name."""
    try:
        return folder.owner()
    except KeyError:
        return str(folder.stat().st_uid)


@lru_cache(maxsize=4096)
def key(name: str) -> str:
    """Return a name with the signs that MLflow admits."""
    return re.sub(r"[^\w\-. :/]", "_", name)[:200]


def cut(text: str, longest: int) -> str:
    """Return a text that fits; one that is too long ends with its own hash."""
    if len(text) <= longest:
        return text
    return f"{text[: longest - 80]}... sha256:{hashlib.sha256(text.encode()).hexdigest()}"
