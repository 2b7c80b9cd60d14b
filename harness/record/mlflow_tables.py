"""An empty tracking database, made without MLflow where its tables are known.

MLflow takes 2.3 s of processor time to load and to walk all its migrations from the first version
of its tables on. `mlflow_tables.sql` has what they end in: SQLite's own description of a database
that MLflow 3.17 made, headed by its last migration. It is used where the installed MLflow has the
same last migration, and a test holds that both ways make the same database; elsewhere MLflow makes
its own. `python -m harness.record.mlflow_client` writes the file anew after a change of MLflow.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from harness.record.mlflow_sqlite import heads

KEPT = Path(__file__).with_suffix(".sql")
HEADER = "-- last migration: "


def revision(text: str) -> str:
    """Return the last migration that the description is of."""
    first = text.partition("\n")[0]
    return first.removeprefix(HEADER)


def make(path: Path) -> bool:
    """Make an empty database; False where the installed MLflow's tables are others.

    Raises:
        OSError: it cannot be written.
    """
    text = KEPT.read_text(encoding="utf-8")
    if heads() != {revision(text)}:
        return False
    now = int(time.time() * 1000)
    try:
        with closing(sqlite3.connect(path)) as base, base:
            base.executescript(text)
            base.execute(  # what MLflow makes for those who name no experiment
                "INSERT INTO experiments VALUES (0, 'Default', ?, 'active', ?, ?, 'default')",
                (str(Path.cwd() / "mlruns" / "0"), now, now),
            )
    except sqlite3.Error as error:
        raise OSError(f"{path}: {error}") from error
    return True


def described(path: Path) -> str:
    """Return a database's description: its last migration, its tables, what it is born with."""
    with closing(sqlite3.connect(path)) as base:
        (last,) = base.execute("SELECT version_num FROM alembic_version").fetchone()
        base.execute("DELETE FROM experiments")  # not kept: the connection ends without a commit
        return f"{HEADER}{last}\n" + "\n".join(base.iterdump()) + "\n"
