"""One trial as one run of a tracking store, whichever that is: only what is not there is sent.

A run is found again by the tags `harness.trial` and `harness.started`; `harness.imported_rows`
says how many of its rows are there, `harness.imported_files` which files, and `harness.imported`
that all of a trial that has ended is there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any, Protocol

from harness.record import hold, journal, mlflow_values
from harness.record.journal import Result
from harness.record.mlflow_values import Point

ROWS, FILES, WHOLE = "harness.imported_rows", "harness.imported_files", "harness.imported"
EDITION = "2"  # of what is sent: another one, and what was imported is looked at again
POINTS, TEXTS = 800, 90  # MLflow takes 1000 entities a request, 100 of them parameters or tags
MEMBERS = "members.csv"
KIND = {"mlflow.experimentKind": "custom_model_development"}  # the view for training opens
STATUS = {"completed": "FINISHED", "failed": "FAILED", "running": "RUNNING"}
STATUS |= {"stopped": "KILLED", "cut": "KILLED"}


class NotTaken(ValueError):
    """A store does not take a trial, or holds something else as that trial and keeps it."""


@dataclass
class Run:
    """What a tracking store holds of a trial, less its numbers and files."""

    id: str
    status: str = "RUNNING"
    ended: int | None = None
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    datasets: int = 0


class Store(Protocol):
    """Where runs are kept: a server, a database, the database in the folder of the journals."""

    def experiment(self, name: str) -> str:
        """Return the id of an experiment, which is made where there is none."""

    def marks(self) -> set[str]:
        """Return what the files of all trials looked like that are there as a whole."""

    def runs(self, experiment: str) -> Iterable[Run]:
        """Return the runs of an experiment."""

    def create(self, experiment: str, name: str, started: int, tags: Mapping[str, str]) -> Run:
        """Make a run; the time is in milliseconds."""

    def log(
        self,
        run: Run,
        params: Mapping[str, str],
        points: Sequence[Point],
        tags: Mapping[str, str],
    ) -> None:
        """Add parameters, points and, when those are there, tags; what is there already stays."""

    def use(self, run: Run, name: str, digest: str, source: str) -> None:
        """Say on which data a run trained."""

    def copy(self, run: Run, path: Path, below: str) -> None:
        """Keep a copy of a file in a folder of the run's artifacts."""

    def write(self, run: Run, text: str, name: str) -> None:
        """Keep a text as an artifact."""

    def close(self, run: Run, status: str, ended: int | None) -> None:
        """Say how a run stands, and when it ended if it did."""


def identity(run: Run) -> tuple[str, str]:
    """Return the trial of a run, and when that was started first."""
    return run.tags.get("harness.trial", ""), run.tags.get("harness.started", "")


@dataclass(frozen=True)
class Look:
    """What the files of a trial looked like before it was read, and when that was.

    Where a trial has ended the mark is noted beside its run: while its files look like that,
    nothing of it needs to be read again. The time is the file system's.
    """

    mark: str
    now: float


def send(store: Store, experiment: str, result: Result, run: Run | None, look: Look) -> int:
    """Bring one trial; return how many of its rows were sent now.

    Raises:
        NotTaken: the run there has other parameters.
        OSError: a file cannot be copied.
    """
    tags = mlflow_values.tags_of(result)
    if run is None:
        spec = result.spec
        name = f"{spec['experiment']} {spec['budget']} seed{spec['seed']}"
        run = store.create(experiment, name, int(result.started * 1000), tags)
    end = begin = int(run.tags.get(ROWS, 0))
    for params, points, some, upto in _batches(result, run, tags, begin):
        store.log(run, params, points, some)
        end = upto
    if result.data and not run.datasets:
        name, digest = result.data["name"], result.data["hash"]
        source = json.dumps({"name": name, "hash": digest})
        store.use(run, name, digest[: mlflow_values.LONGEST["digest"]], source)
    marks = _send_files(store, run, result)
    ended = _send_status(store, run, result, look.now)
    marks |= {WHOLE: look.mark} if ended else {}
    fresh = {key: text for key, text in marks.items() if run.tags.get(key) != text}
    if fresh:
        store.log(run, {}, [], fresh)
    return end - begin


def _batches(
    result: Result, run: Run, tags: Mapping[str, str], begin: int
) -> Iterator[tuple[dict[str, str], list[Point], dict[str, str], int]]:
    """Yield parameters, points and tags in portions that a request takes, and how far they go.

    Each portion of points ends at a turn and moves the mark behind its rows; the tags of a portion
    are written after its points.
    """
    params = dict(mlflow_values.flatten(result.spec.get("config", {})))
    for key, value in run.params.items():
        if params.get(key, value) != value:
            raise NotTaken(f"parameter {key} is {value} in MLflow, {params[key]} in the journal")
    fresh = [(key, text) for key, text in params.items() if key not in run.params]
    changed = [(key, text) for key, text in tags.items() if run.tags.get(key) != text]
    portions = list(_portions(result, begin))
    end = begin
    for some, told, portion in zip_longest(
        _chunks(fresh, TEXTS), _chunks(changed, TEXTS), portions, fillvalue=None
    ):
        points: list[Point] = []
        marked = dict(told or ())
        if portion is not None:
            end, points, whole = portion
            marked |= {ROWS: str(end)} if whole else {}
        yield dict(some or ()), points, marked, end


def _portions(result: Result, begin: int) -> Iterator[tuple[int, list[Point], bool]]:
    """Yield (index behind it, points, are all points before that index sent with it)."""
    batch: list[Point] = []
    end = begin
    for upto, points in mlflow_values.points(result, begin):
        if batch and len(batch) + len(points) > POINTS:
            yield from _whole(end, batch)
            batch = []
        batch += points
        end = upto
    if end > begin:
        yield from _whole(end, batch)


def _whole(end: int, batch: list[Point]) -> Iterator[tuple[int, list[Point], bool]]:
    chunks = _chunks(batch, POINTS) or [[]]
    for number, some in enumerate(chunks, start=1):
        yield end, list(some), number == len(chunks)


def _send_files(store: Store, run: Run, result: Result) -> dict[str, str]:
    """Copy what a trial made, its spec and, when it has ended, its journal and its members."""
    own = [result.folder / "spec.json"]
    own += [result.folder / journal.NAME] if result.status != "running" else []
    files = [*(path for path in own if path.exists()), *made(result.folder)]
    mark = looks(result.folder, files)
    if not files or run.tags.get(FILES) == mark:
        return {}
    for path in files:
        below = path.parent.relative_to(result.folder).as_posix()
        store.copy(run, path, "" if below == "." else below)
    members = mlflow_values.table(result) if result.status != "running" else ""
    if members:
        store.write(run, members, MEMBERS)
    return {FILES: mark}


def _send_status(store: Store, run: Run, result: Result, now: float) -> bool:
    """Close the run as its trial ended; one that nobody runs is killed, or opened again.

    Returns:
        Whether the trial itself has ended.
    """
    status, seen = STATUS.get(result.status, "FAILED"), result.finished
    ended = status != "RUNNING"
    if not ended:
        seen = mlflow_values.last_seen(result.folder)
        status = "RUNNING" if hold.alive(result.folder, seen, now) else "KILLED"
    when = None if status == "RUNNING" else int(seen * 1000)
    if run.status != status or (when is not None and run.ended != when):
        store.close(run, status, when)
    return ended


def made(folder: Path) -> list[Path]:
    """Return the files that a trial made."""
    place = folder / "artifacts"
    return sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else []


def looks(folder: Path, files: Sequence[Path]) -> str:
    """Return a short text that differs when one of a trial's files was written anew."""
    stats = [(path, path.stat()) for path in files]
    told = [[path.relative_to(folder).as_posix(), s.st_size, s.st_mtime_ns] for path, s in stats]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def mark(runs: Path, folder: Path) -> str:
    """Return what all files of a trial look like that decide on what is imported of it."""
    names = (journal.NAME, journal.TALLY, "spec.json")
    files = [path for name in names if (path := folder / name).is_file()]
    return f"{EDITION}-{looks(runs, [*files, *made(folder)])}"


def _chunks(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [items[begin : begin + size] for begin in range(0, len(items), size)]
