"""The importer in a process of its own: nothing waits for ever, nothing outlives its bound."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from harness.record import mlflow_export, mlflow_process
from tests.lab.journals import Lab
from tests.lab.tracking import stored

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings(  # MLflow's own queries
        "ignore:The ``noload`` loader strategy is deprecated:DeprecationWarning"
    ),
]
ROOT = Path(__file__).resolve().parents[3]


def test_sync_says_where_to_look(runs: Path):
    Lab(runs, "t").rows(0, 1).end()
    line = mlflow_process.sync(runs)
    assert line == (
        f"MLflow: 1 trials (1 new); look: mlflow ui --backend-store-uri sqlite:///{runs}/mlflow.db"
    )
    assert set(stored(mlflow_export.address(runs))) == {"t"}


def assert_safe(line: str, runs: Path) -> None:
    assert "is not up to date" in line
    assert f"safe in the journals below {runs}" in line
    assert line.endswith(f"try again: python -m harness.record {runs}")
    assert "\n" not in line


def test_a_server_that_is_down_costs_little(runs: Path, monkeypatch: pytest.MonkeyPatch):
    Lab(runs, "t").rows(0, 1).end()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
    begin = time.monotonic()
    line = mlflow_process.sync(runs, timeout=30)
    assert time.monotonic() - begin < 32
    assert_safe(line, runs)


def test_a_server_that_never_answers_costs_the_bound(runs: Path, monkeypatch):
    Lab(runs, "t").rows(0, 1).end()
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{silent.getsockname()[1]}")
        begin = time.monotonic()
        line = mlflow_process.sync(runs, timeout=4)
        assert time.monotonic() - begin < 7
    assert_safe(line, runs)
    assert "no answer within 4 s" in line
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert mlflow_export.export(runs)["new"] == 1, "the lock outlived its importer"


def test_no_process_outlives_its_bound(tmp_path: Path):
    mark = tmp_path / "alive"
    script = f"(sleep 1.5; touch {mark}) & exit 0"  # the leader ends, its child holds the pipe
    assert mlflow_process.run_bounded(["bash", "-c", script], timeout=0.5) == (None, "")
    time.sleep(1.6)
    assert not mark.exists()


def test_an_importer_works_beside_the_trials_once_at_a_time(runs: Path):
    Lab(runs, "t").rows(0, 3).end()
    importer = mlflow_process.Importer(runs, every=0.0)
    importer.poll()
    child = importer.child
    assert child is not None
    importer.poll()
    assert importer.child is child, "a second one was started beside the first"
    assert child.wait(60) == 0
    assert set(stored(mlflow_export.address(runs))) == {"t"}
    importer.poll()
    assert importer.child is not child
    importer.close()
    assert importer.child.returncode is not None


def test_an_importer_waits_for_its_time(runs: Path):
    importer = mlflow_process.Importer(runs)
    importer.poll()
    assert importer.child is None
    importer.close()


def test_a_damaged_journal_is_told_and_the_others_are_brought(runs: Path):
    Lab(runs, "t").rows(0, 1).end()
    bad = Lab(runs, "u", 1).rows(0, 1).end()
    bad.journal.sync()
    path = bad.journal.path
    path.write_bytes(path.read_bytes()[:-30])
    code, output = mlflow_process.run_bounded(mlflow_process._command(runs), 60)
    lines = output.splitlines()
    assert code == 1
    assert lines[0].startswith(f"{path}: line 3 is damaged")
    assert lines[-1].startswith("MLflow: 1 trials (1 new); ")
    assert f"1 left out, the first: {path}: line 3" in lines[-1]
    assert mlflow_process.sync(runs) == lines[-1].replace("(1 new)", "(0 new)")
