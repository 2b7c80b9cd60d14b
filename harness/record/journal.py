"""The append-only record of one trial on disk: JSON lines, the truth.

Line kinds, in the order in which a trial writes them:
`start` (one per attempt: spec, provenance) · `data` (name, hash) · `restored` (how many rows the
checkpoint stands behind; later rows are void and come again) · `row` · `note` · `end` (status,
cost).

Nothing is lost without a word. Every line carries its number and a checksum over itself and all
lines before it, so that none can be altered, left out, doubled or moved. A file beside the journal
holds how many lines had reached the disk when it was last flushed, so that none can be missing at
the end; what was written after that comes again when the trial goes on. That file is there before
the journal is: where it is missing, or the journal beside it or beside a checkpoint, something was
lost. Times are for people: the order of things is that of the lines.
"""

from __future__ import annotations

import errno
import json
import os
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from harness.paper import Refused
from harness.trial import CHECKPOINT, PREVIOUS

NAME, TALLY, COPIES = "journal.jsonl", "journal.tally", "mlartifacts"
TRACES = frozenset({NAME, TALLY, CHECKPOINT, PREVIOUS})  # what a trial leaves once it has begun
DECODER = json.JSONDecoder()  # json.loads looks for encodings first, which takes as long again
ROW_KEYS = ("member", "at")  # what a row says of itself, rather than of what it measured


class Damaged(Refused):
    """A journal does not hold what was written; the text names the file and the line."""


class Mark(NamedTuple):
    """A place in a journal: how many lines stand before it, their checksum, are they numbered."""

    lines: int = 0
    crc: int = 0
    numbered: bool = False


def encode(entry: Mapping[str, Any], before: Mark | None = None) -> bytes:
    """Return the line of an entry that comes after others: JSON, its number and its checksum."""
    lines, crc, _ = before or Mark()
    body = json.dumps({**entry, "line": lines + 1}, sort_keys=True)
    return f'{body[:-1]}, "crc": {zlib.crc32(body.encode(), crc)}}}\n'.encode()


def decode(line: bytes, before: Mark | None = None) -> tuple[dict[str, Any], Mark]:
    """Return the entry of a line, without its newline, and the place behind it.

    Journals of an earlier form have lines without a number, each with a checksum of its own.

    Raises:
        ValueError: the line is not the one that was written there.
    """
    lines, crc, numbered = before or Mark()
    body, _, said = line.rpartition(b', "crc": ')
    if not (said.endswith(b"}") and said[:-1].isdigit()):
        raise ValueError("no entry with a checksum")
    text = (body + b"}").decode()
    entry, end = DECODER.raw_decode(text)
    if end != len(text):
        raise ValueError("more than one entry")
    number = entry.pop("line", None)
    if number is None and numbered:
        raise ValueError("it has no number")
    if number not in (None, lines + 1):
        raise ValueError(f"it says that it is line {number}: lines are missing, doubled or moved")
    if int(said[:-1]) != zlib.crc32(body + b"}", crc if number else 0):
        raise ValueError("checksum differs")
    return entry, Mark(lines + 1, int(said[:-1]), number is not None)


def entries(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the entries of a journal; a last line that was cut while it was written is left out.

    Raises:
        Damaged: a line is not the one that was written, or is missing; names file and line.
    """
    yield from (entry for entry, _ in _places(path))


def _places(path: Path) -> Iterator[tuple[dict[str, Any], Mark]]:
    """Yield the entries of a journal, each with the place behind it."""
    tally = _tally(path)  # before the journal: what is written meanwhile is more, never less
    sure = tally or Mark()
    *lines, rest = _content(path).split(b"\n")
    entry: dict[str, Any] = {}
    mark = Mark()
    for line in (*lines, rest) if rest else lines:
        where = f"{path}: line {mark.lines + 1}"
        try:
            entry, mark = decode(line, mark)
        except ValueError as error:
            if mark.lines == len(lines) >= sure.lines:
                break
            raise Damaged(f"{where} is damaged ({error})") from error
        if mark.lines == sure.lines and mark.crc != sure.crc:
            raise Damaged(f"{where} is not the one that was written")
        yield entry, mark
    if mark.lines < sure.lines:
        raise Damaged(f"{path}: line {mark.lines + 1} is missing, {sure.lines} were written")
    if mark.numbered and tally is None and entry.get("status") != "completed":
        why = f"{TALLY} is gone, and nothing tells whether lines are missing after it"
        raise Damaged(f"{path}: line {mark.lines} may not be the last: {why}")


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        if not begun(path.parent):
            raise
        raise Damaged(f"{path}: line 1 is missing, as is the file: a trial began here") from error
    except OSError as error:
        raise Damaged(f"{path}: line 1 cannot be read ({error.strerror})") from error


def begun(folder: Path) -> bool:
    """Tell whether a trial has begun in a folder: it has a journal, or had one."""
    traces = [name for name in TRACES if os.path.lexists(folder / name)]
    if traces != [TALLY]:
        return bool(traces)
    try:
        return _tally(folder / NAME) != Mark()  # killed between its first two files: nothing lost
    except Damaged:
        return True


def _tally(path: Path) -> Mark | None:
    """Return how far a journal had reached the disk for certain, where that is told."""
    beside = path.with_name(TALLY)
    try:
        text = beside.read_text(encoding="ascii")
        lines, crc = map(int, text.split())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Damaged(f"{beside}: line 1 cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise Damaged(f"{beside}: line 1 is damaged ({error})") from error
    if text != _told(mark := Mark(lines, crc)):
        raise Damaged(f"{beside}: line 1 is damaged")
    return mark


def _told(mark: Mark) -> str:
    return f"{mark.lines} {mark.crc}\n"


def repair(path: Path) -> Mark:
    """Mend the end that a power cut left, and return the place behind the last line.

    A line that is whole but for its newline gets that back; an unfinished one is cut off.

    Raises:
        Damaged: see `entries`.
    """
    mark = [Mark(), *(place for _, place in _places(path))][-1]
    content = path.read_bytes()
    begin = content.rfind(b"\n") + 1
    if begin < len(content):
        with path.open("rb+") as handle:
            if mark.lines > content.count(b"\n"):
                handle.seek(0, os.SEEK_END)
                handle.write(b"\n")
            else:
                handle.truncate(begin)
    return mark


class Journal:
    """Appends to the journal of one trial; each line reaches the operating system at once."""

    def __init__(self, folder: Path) -> None:
        """Open the journal of a folder, which may hold lines of earlier attempts.

        Raises:
            Damaged: they are not as they were written.
        """
        self.path = folder / NAME
        again = begun(folder)
        self._mark = repair(self.path) if again else Mark()
        self._rows = len(read(folder).rows) if again else 0
        if not again:
            self._tell()
        self._handle = self.path.open("ab", buffering=0)
        if again:
            self.sync()

    @property
    def folder(self) -> Path:
        """The folder of the trial."""
        return self.path.parent

    def append(self, kind: str, **content: Any) -> None:
        """Append one line.

        Raises:
            OSError: the disk is full; no half line is left then.
            Damaged: a checkpoint stands behind rows that are not here.
        """
        if kind == "restored" and content["rows"] > self._rows:
            missing = f"a checkpoint stands behind {content['rows']} rows, {self._rows} are here"
            raise Damaged(
                f"{self.path}: rows are missing before line {self._mark.lines}: {missing}"
            )
        line = encode({"kind": kind, "time": round(time.time(), 3), **content}, self._mark)
        written = self._handle.write(line)
        if written != len(line):
            self._handle.truncate(os.fstat(self._handle.fileno()).st_size - (written or 0))
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        self._mark = Mark(self._mark.lines + 1, int(line[line.rindex(b" ") : -2]), True)
        self._rows = content["rows"] if kind == "restored" else self._rows + (kind == "row")

    def sync(self) -> None:
        """Flush to the disk, so that a power cut takes no line, and note how far that is."""
        os.fsync(self._handle.fileno())
        self._tell()

    def _tell(self) -> None:
        """Note how far the journal has reached the disk."""
        fresh = self.path.with_name(f"{TALLY}.new")
        with fresh.open("w") as handle:
            handle.write(_told(self._mark))
            handle.flush()
            os.fsync(handle.fileno())
        fresh.replace(self.path.with_name(TALLY))

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

    def shortened(self) -> Result:
        """Return all that a table of results needs: the last row of every member, and no other."""
        last = {row["values"].get("member", 0): row["index"] for row in self.rows}
        kept = set(last.values())
        return replace(self, rows=[row for row in self.rows if row["index"] in kept])

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
    for number, entry in enumerate(entries(folder / NAME), start=1):
        try:
            _apply(entry, result)
        except KeyError as error:
            raise Damaged(f"{folder / NAME}: line {number} has no field {error}") from error
        except ValueError as error:
            raise Damaged(f"{folder / NAME}: line {number} {error}") from error
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
        if entry["rows"] > len(result.rows):
            raise ValueError(f"says {entry['rows']} rows, {len(result.rows)} stand before it")
        if result.rows[entry["rows"] :]:
            result.lost_seconds += max(0.0, result.rows[-1]["seconds"] - entry["seconds"])
        result.lost_rows += len(result.rows) - entry["rows"]
        del result.rows[entry["rows"] :]
    elif kind == "row":
        if entry["index"] != len(result.rows):
            raise ValueError(f"has row {entry['index']}, where {len(result.rows)} belongs")
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
    """Return the folders below `runs` where trials began, less the copies that MLflow keeps."""
    return _find(runs)[0]


def _find(runs: Path) -> tuple[list[Path], list[str]]:
    """Return the folders of trials, and a line for each folder that cannot be looked into."""
    folders, problems = [], list[str]()

    def barred(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):  # moved away meanwhile, or no runs yet
            problems.append(f"{error.filename}: cannot be read ({error.strerror})")

    for name, below, files in os.walk(runs, onerror=barred):
        traces = TRACES.intersection((*files, *below))
        below[:] = [each for each in below if each != COPIES and each not in TRACES]
        if traces and begun(Path(name)):
            folders.append(Path(name))
    return sorted(folders), problems


def read_all(
    runs: Path, skip: Callable[[Path], bool] = lambda folder: False
) -> tuple[list[Result], list[str]]:
    """Return all results below a folder, and a line for each journal that cannot be read.

    `skip` tells of a trial's folder whether it need not be read.
    """
    folders, problems = _find(runs)
    results = []
    for folder in folders:
        try:
            if skip(folder):
                continue
            result = read(folder)
        except (Damaged, OSError) as error:
            problems.append(str(error))
        else:
            if result.spec:
                results.append(result)
            elif _tally(folder / NAME) is None:  # else it was killed before its first line
                problems.append(f"{folder / NAME}: line 1 is missing: no trial has begun here")
    return results, problems
