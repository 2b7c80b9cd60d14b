"""The folder of one trial while it runs: who holds it, how far it is, whether it is done.

Whoever shares the file system may ask who holds it, and may ask him to save and leave: both work
across machines, and neither needs to know which process that is.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import IO, Any

from harness.paper import Refused, Row
from harness.record import journal
from harness.record.hold import LOCK as LOCK
from harness.record.hold import NOBODY as NOBODY
from harness.record.hold import UNKNOWN
from harness.record.hold import held as held
from harness.trial import CHECKPOINT, PREVIOUS, Trial

HEARTBEAT, STOP = "heartbeat.json", "stop.asked"
REPLAYS = "replays"  # the folder below `runs` of trials that repeat others and make no result
NIGHTS = "nights"  # ... and of those whose seeds nobody declared: they are compared, no results
NO_RESULTS = (REPLAYS, NIGHTS)
BRIEFLY, AGAIN = 0.5, 0.02  # seconds: how long a lock is tried, and how often
JOBS = ("SLURM_JOB_ID", "RAY_JOB_ID")  # what a scheduler calls the work of this process
ARRAY = ("SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID")  # what people see of a task's job


class Held(Refused):
    """Another process runs this trial."""


def holder() -> str:
    """Return what names this process on all machines: its number, its host, its job there."""
    jobs = [f", job {os.environ[name]}" for name in JOBS if os.environ.get(name)]
    if all(os.environ.get(name) for name in ARRAY):
        jobs = [f", job {'_'.join(os.environ[name] for name in ARRAY)}"]
    return f"process {os.getpid()} on {socket.gethostname()}{''.join(jobs[:1])}"


def finished(folder: Path) -> bool:
    """Tell whether the folder holds a completed trial."""
    return journal.begun(folder) and journal.read(folder).status == "completed"


def forget(folder: Path) -> None:
    """Make a trial start over; what it measured stays beside the new journal, numbered."""
    for name in (CHECKPOINT, PREVIOUS, HEARTBEAT, journal.TALLY):  # without them it starts over
        (folder / name).unlink(missing_ok=True)
    path = folder / journal.NAME
    if os.path.lexists(path):
        taken = {old.name for old in folder.glob("journal.*.old")}
        free = (name for n in count(1) if (name := f"journal.{n}.old") not in taken)
        path.rename(folder / next(free))


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the trial's lock.

    Raises:
        Held: another process holds it.
        Refused: there can be none.
    """
    try:
        lock = (folder / LOCK).open("a+b", buffering=0)
    except OSError as error:
        raise Refused(f"{folder / LOCK}: cannot be written ({error.strerror})") from error
    with lock as handle:
        try:
            _take(handle)
        except BlockingIOError as error:
            handle.seek(0)
            owner = handle.read().decode(errors="replace").strip() or UNKNOWN
            raise Held(f"{folder}: {owner} is running this trial") from error
        with suppress(OSError):  # a full disk: the lock holds without a name in it
            handle.truncate(0)
            handle.write(holder().encode())
        yield


def _take(handle: IO[Any]) -> None:
    """Take the lock, or try for a moment: somebody may be asking who has it (see `held`)."""
    deadline = time.monotonic() + BRIEFLY
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
        time.sleep(AGAIN)


def ask_stop(folder: Path) -> None:
    """Ask whoever runs the trial, or is about to, to save and leave.

    It is a file and no signal: it reaches other machines, no process that merely has the same
    number, and one trial of a worker that has more to do.
    """
    (folder / STOP).touch()


def stop_asked(folder: Path) -> bool:
    """Tell whether somebody asked, since the trial was prepared."""
    return (folder / STOP).exists()


def go_on(folder: Path) -> None:
    """Forget that somebody asked."""
    (folder / STOP).unlink(missing_ok=True)


def beat(trial: Trial, latest: Row) -> None:
    """Tell the watching process how far the trial is (a small file, replaced in one move)."""
    meter = trial.meter
    ledger = meter.ledgers[meter.phase]
    content = {
        "phase": meter.phase,
        "turn": ledger.turns,
        "horizon": ledger.horizon,
        "steps": meter.spent("steps"),
        "seconds": meter.spent("seconds"),
        "metrics": {k: v for k, v in latest.items() if isinstance(v, float)},
    }
    fresh = trial.folder / f"{HEARTBEAT}.new"
    fresh.write_text(json.dumps(content), encoding="utf-8")
    fresh.replace(trial.folder / HEARTBEAT)


def beat_of(folder: Path) -> dict[str, Any] | None:
    """Return what a trial told last of how far it is, if it has."""
    try:
        beat: dict[str, Any] = json.loads((folder / HEARTBEAT).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return beat


def require_folder(runs: Path) -> None:
    """Refuse a file in the place of the folder of runs; there may be none yet."""
    if runs.exists() and not runs.is_dir():
        raise Refused(f"--runs {runs}: is a file; name the folder that holds the journals")
