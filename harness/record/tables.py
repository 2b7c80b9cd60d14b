"""Results as tables: one row per replicate, one row per measurement, and the CSV that git keeps.

A replicate is one seed of one trial, or one member of a trial that trains many models at once.
Metrics are numbers (true is 1.0) or strings; everything else in a table has a fixed name and type.
`load(store(x))` gives x back, and storing twice gives the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from harness.record.journal import ROW_KEYS, Result

Types = Mapping[str, type]
Record = dict[str, Any]

_ASKED = ("paper", "experiment", "task", "budget", "seed", "overrides")
_SAID = (*_ASKED, "isa", "threads", "code", "clock")
_MADE = ("commit", "device", "python", "torch", "harness")
_SPENT = ("steps", "seconds", "flops")


def _of(kind: type, names: str) -> Types:
    return dict.fromkeys(names.split(), kind)


FIRST: Types = {
    **_of(str, "trial paper experiment task budget"),
    **_of(int, "seed member members"),
    **_of(str, "overrides status stopped_by error"),
}
LAST: Types = {
    **_of(float, "steps seconds flops"),
    **_of(str, "device isa"),
    **_of(int, "threads"),
    **_of(str, "data data_hash commit"),
    **_of(bool, "dirty"),
    **_of(str, "code clock config python torch harness"),
    **_of(int, "attempts lost_rows"),
    **_of(float, "lost_seconds"),
    **_of(str, "started finished"),
}
CURVE: Types = {
    **_of(str, "trial paper experiment budget"),
    **_of(int, "seed member members"),
    **_of(str, "phase"),
    **_of(int, "turn"),
    **_of(float, "at steps seconds flops"),
}
RESERVED = frozenset({*FIRST, *LAST, *CURVE})
KEY = ("trial", "member")
ORDER = ("paper", "experiment", "budget", "seed", "member", "trial")


def column(metric: str) -> str:
    """Return the column that holds a metric: its name, 'metric.error' where that is taken."""
    return f"metric.{metric}" if metric in RESERVED else metric


def frame(results: Iterable[Result]) -> pd.DataFrame:
    """Return one row per replicate; a trial without rows has one, with its status only."""
    return _table((row for result in results for row in _replicates(result)), FIRST, LAST)


def curves(results: Iterable[Result]) -> pd.DataFrame:
    """Return one row per journal row; steps, seconds and FLOPs are the whole trial's so far."""
    return _table((row for result in results for row in _measurements(result)), CURVE, {})


def merge(committed: pd.DataFrame, local: pd.DataFrame) -> pd.DataFrame:
    """Return the union of two frames of replicates, sorted; where both know one, local wins."""
    rows: dict[tuple[Any, ...], Record] = {}
    for source in (committed, local):
        for record in _records(source):
            rows[tuple(record[name] for name in KEY)] = record
    ordered = sorted(rows.values(), key=lambda row: tuple(row[name] for name in ORDER))
    return _table(ordered, FIRST, LAST)


def store(table: pd.DataFrame, path: Path) -> None:
    """Write a frame of replicates as CSV, in one move: a reader sees the old file or the new."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns)
    for record in _records(table):
        writer.writerow([_cell(record[name], _fixed(name)) for name in table.columns])
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    fresh.write_text(text.getvalue(), encoding="utf-8", newline="")
    fresh.replace(path)


def load(path: Path) -> pd.DataFrame:
    """Read what `store` wrote; a file that is missing or empty gives a frame without rows."""
    if not path.exists():
        return _table([], FIRST, LAST)
    with path.open(encoding="utf-8", newline="") as handle:
        records = [
            {name: _value(cell, _fixed(name)) for name, cell in row.items()}
            for row in csv.DictReader(handle)
        ]
    return _table(records, FIRST, LAST)


# -- from a result to records -------------------------------------------------------------------


def _replicates(result: Result) -> Iterable[Record]:
    finals = result.finals
    shared = {**_what(result), **_how(result), **_spent(result, max(1, len(finals)))}
    shared["members"] = len(finals)
    if not finals:
        yield {**shared, "member": 0}
    for row in finals:
        yield {**_metrics(row["values"]), **shared, "member": row["values"].get("member", 0)}


def _measurements(result: Result) -> Iterable[Record]:
    spec, members = result.spec, len(result.finals)
    shared = {name: spec.get(name, "") for name in ("paper", "experiment", "budget", "seed")}
    shared |= {"trial": result.trial, "members": members}
    for row in result.rows:
        stamped = {name: row[name] for name in ("phase", "turn", *_SPENT)}
        places = {"member": row["values"].get("member", 0), "at": row["values"].get("at")}
        yield {**_metrics(row["values"]), **shared, **stamped, **places}


def _metrics(values: Mapping[str, Any]) -> Record:
    return {
        column(name): value if isinstance(value, str) else float(value)
        for name, value in values.items()
        if name not in ROW_KEYS
    }


def _what(result: Result) -> Record:
    """What the trial was: everything that was decided before it began."""
    spec, made = result.spec, result.provenance
    return {
        **{name: spec.get(name, "") for name in _SAID},
        **{name: made.get(name, "") for name in _MADE},
        "trial": result.trial,
        "dirty": made.get("dirty", False),
        "config": json.dumps(spec.get("config", {}), sort_keys=True),
    }


def _how(result: Result) -> Record:
    """How the trial went."""
    return {
        "status": result.status,
        "stopped_by": result.stopped_by,
        "error": result.error,
        "data": result.data.get("name", ""),
        "data_hash": result.data.get("hash", ""),
        "attempts": result.attempts,
        "lost_rows": result.lost_rows,
        "lost_seconds": result.lost_seconds,
        "started": _iso(result.started),
        "finished": "" if result.status == "running" else _iso(result.finished),
    }


def _spent(result: Result, members: int) -> Record:
    """What one replicate cost; a trial that has not ended tells it in its last row."""
    running = result.status == "running" or not result.cost
    so_far = result.rows[-1] if running and result.rows else None
    return {
        name: float(so_far[name] if so_far else result.total(name)) / members for name in _SPENT
    }


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds") if seconds else ""


# -- typed tables -------------------------------------------------------------------------------


def _table(rows: Iterable[Record], first: Types, last: Types) -> pd.DataFrame:
    """Return the fixed columns around the sorted metrics, each of its own type."""
    records = list(rows)
    types = {**first, **last}
    metrics = sorted({name for record in records for name in record} - set(types))
    columns = {}
    for name in (*first, *metrics, *last):
        kind = types.get(name)
        values = [_typed(record.get(name), kind) for record in records]
        columns[name] = pd.Series(values, dtype=_dtype(kind, values))
    return pd.DataFrame(columns)


def _typed(value: Any, kind: type | None) -> Any:
    if kind is None:
        return math.nan if value is None else value
    if value is None or value == "":
        return math.nan if kind is float else kind()
    return kind(value)


def _dtype(kind: type | None, values: list[Any]) -> str:
    if kind is None:
        return "object" if any(isinstance(value, str) for value in values) else "float64"
    return {str: "str", int: "int64", float: "float64", bool: "bool"}[kind]


def _records(table: pd.DataFrame) -> list[Record]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _fixed(name: str) -> type | None:
    return FIRST.get(name) or LAST.get(name)


# -- cells of the CSV ---------------------------------------------------------------------------


def _cell(value: Any, kind: type | None) -> str:
    """Return the text of a cell; a string that could be read as something else is JSON."""
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(value)
    if not isinstance(value, str):
        return str(value)
    plain = value.isprintable() and not value.startswith('"')
    if kind is None:
        plain = plain and value != "" and not _is_number(value)
    return value if plain else json.dumps(value)


def _value(cell: str | None, kind: type | None) -> Any:
    text = cell or ""
    if text.startswith('"'):
        return json.loads(text)
    if kind is None:
        return math.nan if not text else float(text) if _is_number(text) else text
    return text == "True" if kind is bool else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
