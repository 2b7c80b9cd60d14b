"""The folder of one trial while it runs: who holds it, how far it is, whether it is done."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.paper import Refused, Row
from harness.record import journal
from harness.trial import CHECKPOINT, PREVIOUS, Trial

HEARTBEAT, LOCK = "heartbeat.json", "lock"
JOBS = ("SLURM_JOB_ID", "RAY_JOB_ID")  # what a scheduler calls the work of this process


def holder() -> str:
    """Return what names this process on all machines: its number, its host, its job there."""
    jobs = [f", job {os.environ[name]}" for name in JOBS if os.environ.get(name)]
    return f"process {os.getpid()} on {socket.gethostname()}{''.join(jobs[:1])}"


def finished(folder: Path) -> bool:
    """Tell whether the folder holds a completed trial."""
    path = folder / journal.NAME
    return path.exists() and journal.read(folder).status == "completed"


def forget(folder: Path) -> None:
    """Make a trial start over; what it measured stays beside the new journal, numbered."""
    path = folder / journal.NAME
    if path.exists():
        number = len(list(folder.glob("journal.*.old"))) + 1
        path.rename(folder / f"journal.{number}.old")
    for name in (journal.TALLY, CHECKPOINT, PREVIOUS, HEARTBEAT):
        (folder / name).unlink(missing_ok=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the trial's lock; refuse when another process holds it."""
    with (folder / LOCK).open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            handle.seek(0)
            owner = handle.read().strip() or "an unknown process"
            raise Refused(f"{folder}: {owner} is running this trial") from error
        handle.truncate(0)
        handle.write(holder())
        handle.flush()
        yield


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
    fresh.write_text(json.dumps(content))
    fresh.replace(trial.folder / HEARTBEAT)
