"""MLflow's own tables in the database beside the journals, written in one go.

MLflow's client is the way into every store; for this one file it takes 2 s of processor time to
load and 45 ms and a dozen flushes to the disk for each trial. Here the same rows are written by
SQL, many trials a transaction. It is done only where the tables are those that the installed
MLflow would make; the tests hold that both ways build the same store.
"""

from __future__ import annotations

import hashlib
import importlib.util
import math
import re
import shutil
import sqlite3
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from harness.record import journal
from harness.record.mlflow_trial import KIND, WHOLE, Run, identity
from harness.record.mlflow_values import Point

WAIT = 10.0  # seconds for another program that holds the database
GREATEST = 1.7976931348623157e308  # what stands for infinity in a database
LONGEST = 300  # signs of a line
REMAKE = "move the file away, and it is made anew from the journals"


class Unusable(Exception):
    """A store cannot be used; the text says why, and what helps."""


def line_of(error: BaseException | str) -> str:
    """Return what an error says in one line that is not too long."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= LONGEST else f"{text[:150]} ... {text[-145:]}"


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Say in one line why a database cannot be used.

    Raises:
        Unusable: SQLite refused.
    """
    try:
        yield
    except sqlite3.Error as error:
        text = str(error)
        if "locked" in text:
            text = f"another program has held it for {WAIT:g} s ({text}); end that one"
        elif "readonly" in text or "unable to open" in text:
            text += "; make the file and its folder writable"
        elif "full" not in text:
            text += f"; {REMAKE}"
        raise Unusable(f"{path}: {text}") from error


def check(path: Path) -> bool:
    """Tell whether a database has the tables that the installed MLflow would make.

    Raises:
        Unusable: it is no database, cannot be written, is held by another program, or its tables
            are of another MLflow.
    """
    with told(path), _connection(path) as base:
        base.execute("BEGIN IMMEDIATE")
        base.execute("ROLLBACK")
        tables = [name for (name,) in base.execute("SELECT name FROM sqlite_master")]
        if "alembic_version" not in tables:
            if tables:
                raise Unusable(f"{path}: it holds something else than MLflow's tables; {REMAKE}")
            return False
        found = {version for (version,) in base.execute("SELECT version_num FROM alembic_version")}
    expected = heads()
    if expected and found != expected:
        raise Unusable(
            f"{path}: its tables are of another MLflow ({', '.join(sorted(found)) or 'none'} "
            f"instead of {', '.join(sorted(expected))}); "
            f"run 'mlflow db upgrade sqlite:///{path}', or {REMAKE}"
        )
    return bool(expected)


def heads() -> set[str]:
    """Return the last revision of the tables that the installed MLflow knows; empty if unknown."""
    found = importlib.util.find_spec("mlflow")
    place = Path(found.origin).parent if found and found.origin else Path("/nowhere")
    made, passed = set[str](), set[str]()
    for script in (place / "store" / "db_migrations" / "versions").glob("*.py"):
        text = script.read_text(encoding="utf-8")
        made |= set(re.findall(r"^revision\b[^=\n]*= *[\"'](\w+)[\"']", text, re.M))
        passed |= set(re.findall(r"^down_revision\b[^=\n]*= *[\"'](\w+)[\"']", text, re.M))
    return made - passed


@contextmanager
def _connection(path: Path) -> Iterator[sqlite3.Connection]:
    base = sqlite3.connect(path, timeout=WAIT, isolation_level=None)
    try:
        yield base
    finally:
        base.close()


class Tables:
    """The database in a folder of runs, as a store; see `harness.record.mlflow_trial.Store`."""

    def __init__(self, path: Path, base: sqlite3.Connection) -> None:
        self._path, self._base = path, base
        self._copies = path.resolve().parent / journal.COPIES

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Tables]:
        """Open the database; what was written is there when this ends, also by an error."""
        with told(path), _connection(path) as base:
            base.execute("BEGIN IMMEDIATE")
            try:
                yield cls(path, base)
            finally:
                if base.in_transaction:
                    base.execute("COMMIT")

    def move(self) -> None:
        """Follow a folder of runs that was moved or copied: the copies of files lie beside it."""
        for table, place in (("experiments", "artifact_location"), ("runs", "artifact_uri")):
            rows = self._base.execute(
                f"SELECT rowid, {place} FROM {table} WHERE {place} LIKE '%/' || ? || '/papers/%'",
                (journal.COPIES,),
            ).fetchall()
            for row, old in rows:
                below = old.rpartition(f"/{journal.COPIES}/papers/")[2]
                new = f"{self._copies.as_uri()}/papers/{below}"
                if new != old:
                    self._base.execute(
                        f"UPDATE {table} SET {place} = ? WHERE rowid = ?", (new, row)
                    )

    def experiment(self, name: str) -> str:
        """Return the id of an experiment, which is made where there is none."""
        row = self._base.execute(
            "SELECT experiment_id, lifecycle_stage FROM experiments "
            "WHERE name = ? AND workspace = 'default'",
            (name,),
        ).fetchone()
        now = int(time.time() * 1000)
        if row is None:
            place = (self._copies / name).as_uri()
            row = self._base.execute(
                "INSERT INTO experiments (name, artifact_location, lifecycle_stage, "
                "creation_time, last_update_time) VALUES (?, ?, 'active', ?, ?) "
                "RETURNING experiment_id, lifecycle_stage",
                (name, place, now, now),
            ).fetchone()
        elif row[1] != "active":
            self._base.execute(
                "UPDATE experiments SET lifecycle_stage = 'active', last_update_time = ? "
                "WHERE experiment_id = ?",
                (now, row[0]),
            )
        self._base.executemany(
            "INSERT INTO experiment_tags (experiment_id, key, value) VALUES (?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            [(row[0], key, value) for key, value in KIND.items()],
        )
        return str(row[0])

    def marks(self) -> set[str]:
        """Return what the files of all trials looked like that are there as a whole."""
        rows = self._base.execute(
            "SELECT value FROM tags JOIN runs USING (run_uuid) "
            "WHERE key = ? AND lifecycle_stage = 'active'",
            (WHOLE,),
        )
        return {value for (value,) in rows}

    def runs(self, experiment: str) -> Iterable[Run]:
        """Return the runs of an experiment, without those that were deleted."""
        mine = "WHERE experiment_id = ? AND lifecycle_stage = 'active'"
        runs = {
            row[0]: Run(*row)
            for row in self._base.execute(
                f"SELECT run_uuid, status, end_time FROM runs {mine}", (experiment,)
            )
        }
        for table, kept in (("tags", "tags"), ("params", "params")):
            for run, key, value in self._base.execute(
                f"SELECT run_uuid, key, value FROM {table} "
                f"WHERE run_uuid IN (SELECT run_uuid FROM runs {mine})",
                (experiment,),
            ):
                getattr(runs[run], kept)[key] = value
        for run, number in self._base.execute(
            "SELECT destination_id, COUNT(*) FROM inputs WHERE source_type = 'DATASET' AND "
            f"destination_type = 'RUN' AND destination_id IN (SELECT run_uuid FROM runs {mine}) "
            "GROUP BY destination_id",
            (experiment,),
        ):
            runs[run].datasets = number
        return runs.values()

    def create(self, experiment: str, name: str, started: int, tags: Mapping[str, str]) -> Run:
        """Make a run, whose id follows from its trial; the time is in milliseconds."""
        run = Run("", tags={**tags, "mlflow.runName": name})
        run.id = hashlib.sha256(f"{experiment} {identity(run)}".encode()).hexdigest()[:32]
        if self._base.execute("SELECT 1 FROM runs WHERE run_uuid = ?", (run.id,)).fetchone():
            run.id = uuid.uuid4().hex  # somebody deleted that one in MLflow
        (place,) = self._base.execute(
            "SELECT artifact_location FROM experiments WHERE experiment_id = ?", (experiment,)
        ).fetchone()
        self._base.execute(
            "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, "
            "user_id, status, start_time, source_version, lifecycle_stage, artifact_uri, "
            "experiment_id) "
            "VALUES (?, ?, 'UNKNOWN', '', '', ?, 'RUNNING', ?, '', 'active', ?, ?)",
            (
                *(run.id, name, tags.get("mlflow.user", "unknown"), started),
                *(f"{place}/{run.id}/artifacts", experiment),
            ),
        )
        self._write_tags(run, run.tags)
        return run

    def _write_tags(self, run: Run, tags: Mapping[str, str]) -> None:
        self._base.executemany(
            "INSERT INTO tags (run_uuid, key, value) VALUES (?, ?, ?) "
            "ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value",
            [(run.id, key, value) for key, value in tags.items()],
        )

    def log(
        self,
        run: Run,
        params: Mapping[str, str],
        points: Sequence[Point],
        tags: Mapping[str, str],
    ) -> None:
        """Add parameters, points and tags; what is there already stays."""
        self._base.executemany(
            "INSERT INTO params (run_uuid, key, value) VALUES (?, ?, ?)",
            [(run.id, key, value) for key, value in params.items()],
        )
        rows = [_row(run, point) for point in points]
        columns = "(run_uuid, key, value, timestamp, step, is_nan) VALUES (?, ?, ?, ?, ?, ?)"
        self._base.executemany(f"INSERT INTO metrics {columns} ON CONFLICT DO NOTHING", rows)
        self._base.executemany(
            f"INSERT INTO latest_metrics {columns} ON CONFLICT (key, run_uuid) DO UPDATE SET "
            "value = excluded.value, timestamp = excluded.timestamp, step = excluded.step, "
            "is_nan = excluded.is_nan WHERE (excluded.step, excluded.timestamp, excluded.value) "
            "> (step, timestamp, value)",
            rows,
        )
        self._write_tags(run, tags)

    def use(self, run: Run, name: str, digest: str, source: str) -> None:
        """Say on which data a run trained."""
        self._base.execute(
            "INSERT INTO datasets (dataset_uuid, experiment_id, name, digest, dataset_source_type,"
            " dataset_source) SELECT ?, experiment_id, ?, ?, 'harness', ? FROM runs "
            "WHERE run_uuid = ? ON CONFLICT DO NOTHING",
            (uuid.uuid4().hex, name, digest, source, run.id),
        )
        use = uuid.uuid4().hex
        self._base.execute(
            "INSERT INTO inputs (input_uuid, source_type, source_id, destination_type, "
            "destination_id) SELECT ?, 'DATASET', dataset_uuid, 'RUN', run_uuid FROM datasets "
            "JOIN runs USING (experiment_id) "
            "WHERE datasets.name = ? AND digest = ? AND run_uuid = ?",
            (use, name, digest, run.id),
        )
        self._base.execute(
            "INSERT INTO input_tags (input_uuid, name, value) VALUES (?, 'mlflow.data.context', "
            "'training')",
            (use,),
        )

    def copy(self, run: Run, path: Path, below: str) -> None:
        """Keep a copy of a file in a folder of the run's artifacts."""
        place = self._artifacts(run) / below
        place.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place / path.name)

    def write(self, run: Run, text: str, name: str) -> None:
        """Keep a text as an artifact."""
        place = self._artifacts(run)
        place.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text, encoding="utf-8")

    def _artifacts(self, run: Run) -> Path:
        (uri,) = self._base.execute(
            "SELECT artifact_uri FROM runs WHERE run_uuid = ?", (run.id,)
        ).fetchone()
        return Path(unquote(urlsplit(uri).path) if uri.startswith("file:") else uri)

    def close(self, run: Run, status: str, ended: int | None) -> None:
        """Say how a run stands, and when it ended if it did."""
        self._base.execute(
            "UPDATE runs SET status = ?, end_time = COALESCE(?, end_time) WHERE run_uuid = ?",
            (status, ended, run.id),
        )


def _row(run: Run, point: Point) -> tuple[str, str, float, int, int, bool]:
    hollow = math.isnan(point.value)
    value = 0.0 if hollow else max(-GREATEST, min(GREATEST, point.value))
    return run.id, point.key, value, point.time, point.step, hollow
