"""The kept description of MLflow's tables is what the installed MLflow makes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from harness.record import mlflow_client, mlflow_sqlite, mlflow_tables

TIMES = ("creation_time", "last_update_time")


def rows(path: Path) -> dict[str, list[tuple]]:
    with closing(sqlite3.connect(path)) as base:
        tables = base.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            name: base.execute(
                f"SELECT {', '.join(columns(base, name))} FROM {name} ORDER BY 1"
            ).fetchall()
            for (name,) in tables
        }


def columns(base: sqlite3.Connection, table: str) -> list[str]:
    known = [row[1] for row in base.execute(f"PRAGMA table_info({table})")]
    return [f'"{name}"' for name in known if name not in TIMES]


def master(path: Path) -> set[tuple]:
    with closing(sqlite3.connect(path)) as base:
        found = base.execute("SELECT type, name, tbl_name, sql FROM sqlite_master")
        return {(*names, lines(sql or "")) for *names, sql in found}


def lines(text: str) -> tuple[str, ...]:
    """The order of two checks of a column is another one each time that MLflow makes them."""
    return tuple(sorted(line.strip(" \t,") for line in text.splitlines()))


def test_both_ways_make_the_same_database(tmp_path: Path):
    kept, own = tmp_path / "kept.db", tmp_path / "own.db"
    assert mlflow_tables.make(kept)
    mlflow_client.make_tables(own, known=False)
    assert master(kept) == master(own)
    assert rows(kept) == rows(own)
    assert rows(kept)["experiments"][0][:2] == (0, "Default")
    written = mlflow_tables.KEPT.read_text(encoding="utf-8")
    assert lines(mlflow_tables.described(own)) == lines(written)
    assert rows(own)["experiments"], "describing a database takes nothing out of it"


def test_another_mlflow_makes_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(mlflow_tables, "heads", lambda: {"0123456789ab"})
    path = tmp_path / "mlflow.db"
    assert not mlflow_tables.make(path)
    assert not path.exists()
    mlflow_client.make_tables(path)
    assert mlflow_sqlite.check(path)


def test_what_cannot_be_written_is_told(tmp_path: Path):
    with pytest.raises(OSError, match="unable to open"):
        mlflow_tables.make(tmp_path / "absent" / "mlflow.db")
