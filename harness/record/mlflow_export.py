"""Journals -> MLflow (`harness.record.tables` has the tables).

The journals on disk are the truth and MLflow is a view of them: the importer can stop anywhere,
come again and build everything anew. One importer works at a time on a folder of runs, and trials
never talk to MLflow. A trial is read again when its files look otherwise than when it was imported
(`harness.record.mlflow_trial`). The database in the folder itself is written by SQL
(`harness.record.mlflow_sqlite`), every other store through MLflow's client.
"""

from __future__ import annotations

import fcntl
import os
import re
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

from harness.record import journal, mlflow_sqlite
from harness.record.mlflow_client import Client, make_tables
from harness.record.mlflow_sqlite import Tables, Unusable, line_of
from harness.record.mlflow_trial import Look, NotTaken, Store, identity, mark, send

DATABASE, LOCK = "mlflow.db", "mlflow.lock"
SPECIAL = re.compile("[?%]")  # what a path may have in it and an address means otherwise
PATIENCE = 3600.0  # seconds to wait for another importer


class NoRuns(ValueError):
    """What was named is no folder of runs."""


def address(runs: Path, uri: str | None = None) -> str:
    """Return where results are tracked: `uri`, else MLFLOW_TRACKING_URI, else a file in `runs`."""
    named = uri or os.environ.get("MLFLOW_TRACKING_URI")
    return named or f"sqlite:///{runs.resolve() / DATABASE}"


def shown(uri: str) -> str:
    """Return an address without the password in it."""
    return re.sub(r"(//[^/@:]*):[^/@]*@", r"\1:***@", uri)


def how_to_look(runs: Path, uri: str) -> str:
    """Return what shows a store in a browser."""
    uri = shown(uri)
    if uri.startswith("http"):
        return uri
    if SPECIAL.search(uri) and uri == address(runs, f"sqlite:///{runs.resolve() / DATABASE}"):
        return f"cd {shlex.quote(str(runs))} && mlflow ui --backend-store-uri sqlite:///{DATABASE}"
    return f"mlflow ui --backend-store-uri {shlex.quote(uri)}"


def export(runs: Path, uri: str | None = None) -> dict[str, Any]:
    """Bring all journals below `runs` into MLflow; what is there already is not sent again.

    Returns:
        uri, trials, new (runs made), rows (sent now) and problems (a line each).

    Raises:
        TimeoutError: another importer held the folder for too long.
        NoRuns: there is no such folder.
        OSError: it cannot be written.
        Unusable: the store cannot be used.
    """
    where = address(runs, uri)
    report: dict[str, Any] = {"uri": where, "trials": 0, "new": 0, "rows": 0, "problems": []}
    with sole_importer(runs) as now:
        if not journal.find(runs):  # no trials, and no store for them
            return {**report, "problems": journal.read_all(runs)[1]}
        try:
            with open_store(runs, where) as store:
                _export_all(store, runs, now, report)
        except Unusable as error:
            if not report["trials"]:
                raise
            report["problems"].append(f"the rest: {error}")
    return report


def _export_all(store: Store, runs: Path, now: float, report: dict[str, Any]) -> None:
    """Read the trials whose files look otherwise than when they were imported, and bring them."""
    known, looks = store.marks(), dict[Path, Look]()

    def there(folder: Path) -> bool:
        looks[folder] = Look(mark(runs, folder), now)
        report["trials"] += looks[folder].mark in known
        return looks[folder].mark in known

    results, problems = journal.read_all(runs, there)
    report["problems"] += problems
    by_paper = sorted(results, key=lambda result: str(result.spec["paper"]))
    for paper, group in groupby(by_paper, lambda result: str(result.spec["paper"])):
        experiment = store.experiment(f"papers/{paper}")
        runs_there = {identity(run): run for run in store.runs(experiment)}
        for result in group:
            run = runs_there.get((result.trial, str(result.started)))
            try:
                report["rows"] += send(store, experiment, result, run, looks[result.folder])
            except (NotTaken, OSError) as error:
                report["problems"].append(f"trial {result.trial}: {line_of(error)}")
            else:
                report["trials"] += 1
                report["new"] += run is None


def main(arguments: Sequence[str]) -> int:
    """Import the journals of one folder; write the problems, then one line that sums up.

    Returns:
        0 when all is there, 1 when trials were left out, 2 when the folder is none or the store
        cannot be used.
    """
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m harness.record RUNS\n")
        return 2
    runs = Path(arguments[0])
    try:
        report = export(runs)
    except TimeoutError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except NoRuns as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except (Unusable, OSError) as error:
        reason = str(error) if isinstance(error, Unusable) else line_of(error)
        sys.stderr.write(f"{excuse(runs, reason)}\n")
        return 2
    problems = report["problems"]
    look = how_to_look(runs, report["uri"])
    line = f"MLflow: {report['trials']} trials ({report['new']} new); look: {look}"
    if problems:
        line += f"; {len(problems)} left out, the first: {problems[0]}"
    sys.stdout.write("".join(f"{text}\n" for text in (*problems, line)))
    return 1 if problems else 0


def excuse(runs: Path, reason: str) -> str:
    """Return the line that says why MLflow lacks something, and how to go on."""
    return (
        f"MLflow ({shown(address(runs))}) is not up to date: {reason}; every row is safe in the "
        f"journals below {runs}; try again: python -m harness.record {shlex.quote(str(runs))}"
    )


@contextmanager
def sole_importer(runs: Path) -> Iterator[float]:
    """Wait until no other importer works on this folder; the lock dies with its process.

    Yields:
        The time of the folder's file system.

    Raises:
        NoRuns: there is no such folder.
        OSError: it cannot be written.
        TimeoutError: another importer held it for too long.
    """
    if not runs.exists():
        raise NoRuns(f"{runs}: no such folder")
    if not runs.is_dir():
        raise NoRuns(f"{runs}: not a directory")
    with (runs / LOCK).open("a") as handle:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"another importer holds {runs / LOCK}") from None
                time.sleep(0.1)
        os.utime(handle.fileno())
        yield os.fstat(handle.fileno()).st_mtime


# -- the store ----------------------------------------------------------------------------------


@contextmanager
def open_store(runs: Path, uri: str) -> Iterator[Store]:
    """Open the tracking store of an address; make the tables of a database that is not there.

    Raises:
        Unusable: it cannot be used.
    """
    own = runs.resolve() / DATABASE
    ours = uri == f"sqlite:///{own}"
    plain = uri.startswith("sqlite:///") and not SPECIAL.search(uri)
    path = own if ours else Path(uri.removeprefix("sqlite:///")) if plain else None
    if path is not None and not path.exists():
        make_tables(path)
    if path is not None and mlflow_sqlite.check(path) and ours:
        with Tables.open(path) as tables:
            tables.move()
            yield tables
        return
    if ours and SPECIAL.search(uri):
        raise Unusable(f"{own}: no address for MLflow has a '?' or '%' in it; rename the folder")
    artifacts = None if uri.startswith("http") else runs.resolve() / journal.COPIES
    yield Client(uri, artifacts)
