"""The database in the folder of runs: what is wrong with it is one line, wherever it lies."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from harness.record import mlflow_export, mlflow_sqlite
from tests.lab.journals import Lab, six
from tests.lab.tracking import client_of, stored

pytestmark = pytest.mark.slow


def said(runs: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What an import that cannot be done says: one line, exit status 2, and how to go on."""
    assert mlflow_export.main([str(runs)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.endswith(f"try again: python -m harness.record {runs}\n")
    return err


BYTES = random.Random(0).randbytes(5000)


@pytest.mark.parametrize("content", [BYTES, b"garbage", b"SQLite format 3\0" + b"x" * 99])
def test_what_is_no_database(runs: Path, capsys, content: bytes):
    Lab(runs, "t").rows(0, 1).end()
    (runs / "mlflow.db").write_bytes(content)
    assert f"{mlflow_sqlite.REMAKE}; every row is safe" in said(runs, capsys)
    assert (runs / "mlflow.db").read_bytes() == content, "what is not understood is not touched"
    (runs / "mlflow.db").unlink()
    (runs / "mlflow.db").mkdir()
    assert "unable to open database file" in said(runs, capsys)


def test_a_database_that_another_program_holds(runs: Path, capsys, monkeypatch):
    Lab(runs, "t").rows(0, 1).end()
    monkeypatch.setattr(mlflow_sqlite, "WAIT", 0.1)
    with closing(sqlite3.connect(runs / "mlflow.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert "another program has held it for 0.1 s" in said(runs, capsys)
    assert mlflow_export.main([str(runs)]) == 0


def test_tables_of_another_mlflow(runs: Path, capsys):
    Lab(runs, "t").rows(0, 1).end()
    with closing(sqlite3.connect(runs / "mlflow.db")) as base:
        base.execute("UPDATE alembic_version SET version_num = 'bad'")
        base.commit()
    line = said(runs, capsys)
    assert "its tables are of another MLflow (bad instead of" in line
    assert f"run 'mlflow db upgrade sqlite:///{runs}/mlflow.db', or move the file away" in line
    with closing(sqlite3.connect(runs / "mlflow.db")) as base:
        base.execute("DROP TABLE alembic_version")
        base.commit()
    assert "it holds something else than MLflow's tables" in said(runs, capsys)


def test_the_installed_mlflow_makes_the_tables_that_are_expected(schema: Path):
    with closing(sqlite3.connect(schema)) as base:
        (found,) = base.execute("SELECT version_num FROM alembic_version").fetchone()
    assert mlflow_sqlite.heads() == {found}
    assert mlflow_sqlite.check(schema)


@pytest.mark.parametrize("name", ["what?", "100%25 #1", "zwei Würfel"])
def test_special_signs_in_the_name_of_the_folder(tmp_path: Path, schema: Path, name: str):
    runs = tmp_path / name / "runs"
    runs.mkdir(parents=True)
    shutil.copy(schema, runs / "mlflow.db")
    made = Lab(runs, "t").rows(0, 2).end().folder / "artifacts"
    made.mkdir()
    (made / "cell.json").write_text("[1]")
    report = mlflow_export.export(runs)
    assert (report["trials"], report["problems"]) == (1, [])
    assert [path.name for path in tmp_path.iterdir()] == [name]
    look = mlflow_export.how_to_look(runs, report["uri"])
    if "?" in name or "%" in name:
        assert look == f"cd '{runs}' && mlflow ui --backend-store-uri sqlite:///mlflow.db"
        plain = tmp_path / "copy.db"
        shutil.copy(runs / "mlflow.db", plain)
        report["uri"] = f"sqlite:///{plain}"
    else:
        assert look == f"mlflow ui --backend-store-uri 'sqlite:///{runs}/mlflow.db'"
    client = client_of(report["uri"])
    assert stored(report["uri"])["t"]["files"] == ["artifacts", "journal.jsonl"]
    (run,) = client.search_runs([client.get_experiment_by_name("papers/tiny").experiment_id])
    kept = client.download_artifacts(run.info.run_id, "artifacts/cell.json", str(tmp_path))
    assert Path(kept).read_text() == "[1]"


def test_a_folder_that_was_moved_takes_its_copies_along(runs: Path):
    six(runs)
    Lab.leave()
    uri = mlflow_export.export(runs)["uri"]
    elsewhere = runs.with_name("elsewhere")
    runs.rename(elsewhere)
    Lab(elsewhere, "t9", 9).rows(0, 1).end()
    report = mlflow_export.export(elsewhere)
    assert (report["trials"], report["new"], report["rows"], report["problems"]) == (7, 1, 1, [])
    assert not runs.exists(), "copies went to where the folder was"
    uri = report["uri"]
    assert {trial["files"][-1] for trial in stored(uri).values() if trial["files"]} == {
        *("journal.jsonl", "members.csv", "spec.json")
    }


def test_what_is_there_is_not_read_again(
    runs: Path, monkeypatch: pytest.MonkeyPatch, schema: Path
):
    six(runs)
    read, names = mlflow_export.journal.read, list[str]()

    def watched(folder: Path):
        names.append(folder.name)
        return read(folder)

    monkeypatch.setattr(mlflow_export.journal, "read", watched)
    uri = mlflow_export.export(runs)["uri"]
    assert len(names) == 6
    names.clear()
    report = mlflow_export.export(runs)
    assert (report["trials"], report["new"], report["rows"]) == (6, 0, 0)
    assert names == ["seed5-t5"], "only what may still run"
    Lab(runs, "t2", 2).restored(3).rows(3, 5).end()
    names.clear()
    assert mlflow_export.export(runs)["rows"] == 2
    assert names == ["seed2-t2", "seed5-t5"]
    whole = repr(stored(uri))  # NaN equals NaN
    shutil.copy(schema, runs / "mlflow.db")  # another store, in which nothing is
    assert mlflow_export.export(runs)["new"] == 6
    assert repr(stored(uri)) == whole


def test_a_damaged_journal_is_told_each_time(runs: Path, capsys):
    six(runs)
    bad = runs / "tiny/fit/mlp/smoke/seed1-t1/journal.jsonl"
    assert mlflow_export.main([str(runs)]) == 0
    capsys.readouterr()
    bad.write_bytes(bad.read_bytes().replace(b'"accuracy": 0.1', b'"accuracy": 0.9'))
    for _ in range(2):
        assert mlflow_export.main([str(runs)]) == 1
        first, last = capsys.readouterr().out.splitlines()
        assert str(bad) in first
        assert last.startswith("MLflow: 5 trials (0 new)")
        assert "1 left out" in last


def test_a_run_that_was_deleted_comes_again(runs: Path):
    Lab(runs, "t").rows(0, 1).end()
    client = client_of(mlflow_export.export(runs)["uri"])
    experiment = client.get_experiment_by_name("papers/tiny").experiment_id
    (run,) = client.search_runs([experiment])
    client.delete_run(run.info.run_id)
    assert mlflow_export.export(runs)["new"] == 1
    (again,) = client.search_runs([experiment])
    assert again.info.run_id != run.info.run_id
