"""The append-only record of one trial on disk: JSON lines, the truth.

Line kinds, in the order in which a trial writes them:
`start` (one per attempt: spec, provenance) · `data` (name, hash) · `restored` (how many rows the
checkpoint stands behind; later rows are void and come again) · `row` · `note` · `end` (status,
cost).
Every line ends with its own checksum, so that a damaged line cannot pass as a good one.
"""

from __future__ import annotations

import errno
import json
import os
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAME, COPIES = "journal.jsonl", "mlartifacts"
ROW_KEYS = ("member", "at")  # what a row says of itself, rather than of what it measured


class Damaged(ValueError):
    """A journal line that is not the last one cannot be read."""


def encode(entry: Mapping[str, Any]) -> bytes:
    """Return the line of an entry: JSON and the CRC-32 of that JSON as its last field."""
    body = json.dumps(dict(entry), sort_keys=True)
    return f'{body[:-1]}, "crc": {zlib.crc32(body.encode())}}}\n'.encode()


def decode(line: bytes) -> dict[str, Any]:
    """Return the entry of a line; raises ValueError when the line is damaged."""
    entry: Any = json.loads(line)
    if not isinstance(entry, dict) or "crc" not in entry:
        raise ValueError("no entry with a checksum")
    crc = entry.pop("crc")
    if crc != zlib.crc32(json.dumps(entry, sort_keys=True).encode()):
        raise ValueError("checksum differs")
    return entry


def entries(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the entries of a journal; a cut last line is left out, a damaged one inside raises.

    Raises:
        Damaged: a line other than the last cannot be read; names file and line.
    """
    lines = path.read_bytes().splitlines(keepends=True)
    for number, line in enumerate(lines, start=1):
        if number == len(lines) and not line.endswith(b"\n"):
            return
        try:
            yield decode(line)
        except ValueError as error:
            raise Damaged(f"{path}: line {number} is damaged ({error})") from error


def repair(path: Path) -> int:
    """Cut off a last line that a power cut left unfinished; return how many bytes went."""
    content = path.read_bytes()
    cut = len(content) - (content.rfind(b"\n") + 1)
    if cut:
        with path.open("rb+") as handle:
            handle.truncate(len(content) - cut)
    return cut


class Journal:
    """Appends to the journal of one trial; each line reaches the operating system at once."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        if self.path.exists():
            repair(self.path)
        self._handle = self.path.open("ab", buffering=0)

    @property
    def folder(self) -> Path:
        """The folder of the trial."""
        return self.path.parent

    def append(self, kind: str, **content: Any) -> None:
        """Append one line; raises OSError when the disk is full, and leaves no half line then."""
        line = encode({"kind": kind, "time": round(time.time(), 3), **content})
        written = self._handle.write(line)
        if written != len(line):
            self._handle.truncate(os.fstat(self._handle.fileno()).st_size - (written or 0))
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))

    def sync(self) -> None:
        """Flush to the disk, so that a power cut takes no line."""
        os.fsync(self._handle.fileno())

    def close(self) -> None:
        """Flush to the disk and close."""
        try:
            self.sync()
        finally:
            self._handle.close()


@dataclass
class Result:
    """One trial flattened: what it was, what it measured, what it cost, how it ended."""

    folder: Path
    spec: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    cost: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    attempts: int = 0
    lost_rows: int = 0
    lost_seconds: float = 0.0
    started: float = 0.0
    finished: float = 0.0
    status: str = "running"
    stopped_by: str = ""
    error: str = ""

    @property
    def trial(self) -> str:
        """The identity of the trial, also the name of its folder's last part."""
        return str(self.spec.get("trial", self.folder.name))

    @property
    def finals(self) -> list[dict[str, Any]]:
        """The last row of every member (of the trial itself where rows name no member)."""
        last = {row["values"].get("member", 0): row for row in self.rows}
        return [last[member] for member in sorted(last)]

    @property
    def artifacts(self) -> Path:
        """The folder of what the trial made; there is none where it made nothing."""
        return self.folder / "artifacts"

    def total(self, currency: str) -> float:
        """Sum one currency (steps, seconds, flops) over the phases."""
        return float(sum(phase.get(currency, 0) for phase in self.cost.values()))


def read(folder: Path) -> Result:
    """Return the result that a trial's journal tells.

    Raises:
        Damaged: see `entries`.
    """
    result = Result(folder)
    for entry in entries(folder / NAME):
        _apply(entry, result)
    return result


def _apply(entry: dict[str, Any], result: Result) -> None:
    kind = entry.pop("kind")
    if kind == "start":
        result.attempts += 1
        result.started = result.started or entry["time"]
        result.spec, result.provenance = entry["spec"], entry["provenance"]
        result.status, result.error = "running", ""
    elif kind == "data":
        result.data = {"name": entry["name"], "hash": entry["hash"]}
    elif kind == "restored":
        if result.rows[entry["rows"] :]:
            result.lost_seconds += max(0.0, result.rows[-1]["seconds"] - entry["seconds"])
        result.lost_rows += len(result.rows) - entry["rows"]
        del result.rows[entry["rows"] :]
    elif kind == "row":
        result.rows.append(entry)
    elif kind == "note":
        result.notes.append(entry["text"])
    elif kind == "end":
        result.finished = entry["time"]
        result.status, result.stopped_by = entry["status"], entry["stopped_by"]
        result.error, result.cost = entry["error"], entry["cost"]


def measured(result: Result) -> list[str]:
    """Return what a trial measured, row by row, without the clock: equal for equal seeds."""
    kept = ("index", "phase", "turn", "steps", "flops", "values")
    return [json.dumps({name: row[name] for name in kept}, sort_keys=True) for row in result.rows]


def find(runs: Path) -> list[Path]:
    """Return the folders below `runs` that hold a journal, less the copies that MLflow keeps."""
    folders = sorted(path.parent for path in runs.rglob(NAME))
    return [folder for folder in folders if COPIES not in folder.relative_to(runs).parts]


def read_all(runs: Path) -> tuple[list[Result], list[str]]:
    """Return all results below a folder, and a line for each journal that cannot be read."""
    results, problems = [], []
    for folder in find(runs):
        try:
            result = read(folder)
        except (Damaged, OSError) as error:
            problems.append(str(error))
        except KeyError as error:
            problems.append(f"{folder / NAME}: a line has no field {error}")
        else:
            if result.spec:
                results.append(result)
            else:
                problems.append(f"{folder / NAME}: no trial has begun here")
    return results, problems
