"""Results as tables: one row per replicate, one row per measurement, and the CSV that git keeps.

A replicate is one seed of one trial, or one member of a trial that trains many models at once.
Metrics are numbers (true is 1.0) or strings; all else in a table has a fixed name and type.
On disk a table is two files: results.csv has the fixed columns, a line a replicate, measured.csv
beside it the metrics, a line each. `load(store(x))` gives x back, and storing twice gives the same
bytes. Each row has a digest of its own content (`harness.record.seal`).
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from harness.paper import Refused
from harness.record import seal, sheet
from harness.record.journal import ROW_KEYS, Result
from harness.record.seal import Altered
from harness.record.sheet import Record

Types = Mapping[str, type]
MEASURED = "measured.csv"  # stands beside results.csv

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
    **_of(str, "started finished digest"),
}
FIXED: Types = {**FIRST, **LAST}
METRIC: sheet.Types = {**_of(str, "trial"), "member": int, "metric": str, "value": None}
CURVE: Types = {
    **_of(str, "trial paper experiment budget"),
    **_of(int, "seed member members"),
    **_of(str, "phase"),
    **_of(int, "turn"),
    **_of(float, "at steps seconds flops"),
}
AVERAGE: Types = {
    **_of(str, "paper experiment budget"),
    **_of(int, "turn"),
    **_of(float, "at"),
    **_of(str, "metric"),
    **_of(float, "mean sd"),
    **_of(int, "n"),
}
RESERVED = frozenset({*FIXED, *CURVE})
KEY = ("trial", "member")
ORDER = ("paper", "experiment", "budget", "seed", "member", "trial")


def column(metric: str) -> str:
    """Return the column that holds a metric: its name, 'metric.error' where that is taken."""
    return f"metric.{metric}" if metric in RESERVED else metric


def frame(results: Iterable[Result]) -> pd.DataFrame:
    """Return one row per replicate; a trial without rows has one, with its status only."""
    return sealed(typed(row for result in results for row in _replicates(result)))


def typed(rows: Iterable[Record]) -> pd.DataFrame:
    """Return a frame of replicates from records of them; what a record lacks is empty or NaN."""
    return _table(rows, FIRST, LAST)


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
    return typed(ordered)


def store(table: pd.DataFrame, path: Path) -> None:
    """Write a frame of replicates as two CSV files, `path` and the metrics beside it."""
    records = _records(table)
    metrics = (
        {"trial": record["trial"], "member": record["member"], "metric": name, "value": value}
        for record in records
        for name, value in sorted(_halves(record)[1].items())
    )
    contents = {path.with_name(MEASURED): sheet.text(METRIC, metrics)}
    sheet.replace({**contents, path: sheet.text(FIXED, records)})


def load(path: Path) -> pd.DataFrame:
    """Read what `store` wrote; a file that is not there gives a frame without rows.

    Raises:
        Refused: a file cannot be read, or holds rows that are not as they were measured.
    """
    kept = inspect(path)
    if kept.altered:
        more = f" (and {len(kept.altered) - 1} more)" if kept.altered[1:] else ""
        raise Refused(f"{kept.altered[0]}{more}; {sheet.cure(path)}")
    return kept.rows


def averages(path: Path) -> pd.DataFrame:
    """Read averaged curves; a file that is not there gives a frame without rows.

    Raises:
        Refused: the file is not as it was written.
    """
    rows = (record for _, record in sheet.read(path, AVERAGE)) if path.exists() else ()
    return _table(rows, AVERAGE, {})


# -- what nobody may change by hand ---------------------------------------------------------------


@dataclass(frozen=True)
class Kept:
    """What two files hold: all rows, and which of them are not as they were measured."""

    rows: pd.DataFrame
    altered: Sequence[Altered]

    @property
    def sound(self) -> pd.DataFrame:
        """The rows that are as they were measured."""
        gone = {(each.trial, each.member) for each in self.altered}
        keys = zip(self.rows["trial"], self.rows["member"], strict=True)
        kept = self.rows[[key not in gone for key in keys]]
        return typed(_records(kept))


def sealed(table: pd.DataFrame) -> pd.DataFrame:
    """Return a frame of replicates with the digest of each row as it is now."""
    digests = [seal.digest(*_halves(record)) for record in _records(table)]
    return table.assign(digest=pd.Series(digests, table.index, dtype="str"))


def inspect(path: Path) -> Kept:
    """Read what `store` wrote, and find the rows that somebody changed, copied or took apart.

    Raises:
        Refused: a file cannot be read.
    """
    beside = path.with_name(MEASURED)
    if not path.exists() and not beside.exists():
        return Kept(typed([]), ())
    rows = [record for _, record in sheet.read(path, FIXED)]
    metrics: dict[tuple[str, int], Record] = {}
    altered = set()
    for _, line in sheet.read(beside, METRIC):
        own = metrics.setdefault(_key(line), {})
        if line["metric"] in own or line["metric"] in FIXED:
            why = f"has a second '{line['metric']}'"
            altered.add(Altered(str(beside), *_key(line), why))
        else:
            own[line["metric"]] = line["value"]
    counts = Counter(map(_key, rows))
    whole = [{**metrics.get(_key(row), {}), **row} for row in rows]
    for row in whole:
        for file, why in _changes(row, counts[_key(row)]):
            altered.add(Altered(str(path.with_name(file or path.name)), *_key(row), why))
    for trial, member in metrics.keys() - counts.keys():
        altered.add(Altered(str(path), trial, member, f"has no row; {MEASURED} has its numbers"))
    return Kept(typed(whole), sorted(altered))


def _key(row: Mapping[str, Any]) -> tuple[str, int]:
    return row["trial"], row["member"]


def _changes(row: Record, count: int) -> Iterable[tuple[str, str]]:
    """Yield (file, what is wrong): no name stands for the file with the fixed columns."""
    if count > 1:
        yield "", f"stands there {count} times"
    known = str(row["digest"]).split("-")
    fixed, measured = seal.digests(*_halves(row))
    if known[0] != fixed:
        yield "", "is not as it was measured"
    if known[1:] != [measured]:
        yield MEASURED, "its numbers are not those that were measured"


def _halves(record: Mapping[str, Any]) -> tuple[Record, Record]:
    """Return a row's fixed columns and its metrics: what has no fixed name, and is there."""
    metrics = {
        name: value for name, value in record.items() if name not in FIXED and not _nan(value)
    }
    return {name: record[name] for name in FIXED}, metrics


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
    """Return the fixed columns around the sorted metrics, each of its own type.

    A metric that is no number (NaN) was not measured: there is no column of nothing else.
    """
    records = list(rows)
    types = {**first, **last}
    others = {name for record in records for name in record.keys() - types.keys()}
    metrics = sorted(n for n in others if any(not _nan(r.get(n, math.nan)) for r in records))
    columns = {}
    for name in (*first, *metrics, *last):
        kind = types.get(name)
        values = [record.get(name) for record in records]
        if set(map(type, values)) != {kind or float}:  # else all is as it should be
            values = [_typed(value, kind) for value in values]
        columns[name] = pd.Series(values, dtype=_dtype(kind, values))
    return pd.DataFrame(columns)


def _nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


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
    """Return a record per row, of plain values; column by column, which is ten times faster."""
    names = [str(name) for name in table.columns]
    columns = [table[name].tolist() for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
