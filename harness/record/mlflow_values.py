"""What a result is in MLflow's words: parameters, tags, and points with steps and times."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from statistics import fmean
from typing import Any

from harness.record import journal
from harness.record.journal import ROW_KEYS, Result

LONGEST = {"param": 6000, "tag": 8000, "digest": 36}


def last_seen(folder: Path) -> float:
    """Return when a trial last gave a sign of life (Unix seconds)."""
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


def points(turn: Sequence[Mapping[str, Any]], begin: int) -> Iterator[tuple[str, float, int]]:
    """Yield (key, value, milliseconds) for the rows of a turn from index `begin` on.

    Members have keys of their own, 'accuracy/3'; the plain key then is their mean. What was spent
    is said once a turn.
    """
    by_member: dict[str, dict[Any, float]] = {}
    clock = 0
    for row in turn:
        clock, member = int(row["time"] * 1000), row["values"].get("member")
        for name, value in row["values"].items():
            if name in ROW_KEYS or isinstance(value, str):
                continue
            if member is not None:
                by_member.setdefault(key(name), {})[member] = float(value)
            if row["index"] >= begin:
                suffix = "" if member is None else f"/{member}"
                yield key(name) + suffix, float(value), clock
    for name, values in by_member.items():
        yield name, fmean(values.values()), clock
    if turn[0]["index"] >= begin:
        for currency in ("steps", "seconds", "flops"):
            yield f"budget/{currency}", float(turn[0][currency]), clock


def flatten(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield the parameters of a config: nested fields as 'retrain.epochs', values as text."""
    if isinstance(value, dict) and (value or not name):
        for inner_name, inner in value.items():
            yield from flatten(inner, f"{name}.{inner_name}" if name else str(inner_name))
    else:
        text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        yield key(name), cut(text, LONGEST["param"])


def tags_of(result: Result) -> dict[str, str]:
    """Return what may change, or is searched for: identity, provenance, status, last strings."""
    spec, made = result.spec, result.provenance
    named = (
        "paper",
        "experiment",
        "task",
        "budget",
        "seed",
        "isa",
        "threads",
        "code",
        "clock",
        "overrides",
    )
    tags = {f"harness.{name}": spec.get(name, "") for name in named}
    tags |= {f"harness.{name}": made.get(name, "") for name in ("commit", "dirty", "device")}
    tags |= {"harness.trial": result.trial, "harness.started": result.started}
    tags |= {"harness.data": result.data.get("name", "")}
    tags |= {"harness.data_hash": result.data.get("hash", "")}
    tags |= {"harness.status": result.status, "harness.stopped_by": result.stopped_by}
    tags |= {"harness.error": result.error} if result.error else {}
    for row in result.finals:
        member = row["values"].get("member")
        suffix = "" if member is None else f"/{member}"
        texts = {name: text for name, text in row["values"].items() if isinstance(text, str)}
        tags |= {f"final.{key(name)}{suffix}": text for name, text in texts.items()}
    return {name: cut(str(value), LONGEST["tag"]) for name, value in tags.items()}


def key(name: str) -> str:
    """Return a name with the signs that MLflow admits."""
    return re.sub(r"[^\w\-. :/]", "_", name)[:200]


def cut(text: str, longest: int) -> str:
    """Return a text that fits; one that is too long ends with its own hash."""
    if len(text) <= longest:
        return text
    return f"{text[: longest - 80]}... sha256:{hashlib.sha256(text.encode()).hexdigest()}"
