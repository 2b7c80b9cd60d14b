"""The importer in a process of its own: nothing waits for ever, nothing outlives its bound."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from harness.record import mlflow_export, mlflow_process
from tests.lab.journals import Lab
from tests.lab.serving import down
from tests.lab.tracking import stored

pytestmark = pytest.mark.slow
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
    monkeypatch.setenv("MLFLOW_TRACKING_URI", down().removesuffix("/file"))
    assert_safe(mlflow_process.sync(runs, patience=60), runs)
    assert not list(runs.glob("*.log"))


def test_what_takes_long_goes_on_without_the_run(runs: Path, monkeypatch):
    """The server never answers: the run leaves at once, the importer gives up by itself."""
    Lab(runs, "t").rows(0, 1).end()
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        line = mlflow_process.sync(runs, patience=0.1)
        process = mlflow_process.LEFT.pop()
        assert line == (
            f"MLflow: the import goes on in the background (process {process.pid}); its last "
            f"line will stand in {runs}/mlflow.log; look: {uri}"
        )
        assert os.getsid(process.pid) == process.pid, "it would end with the terminal"
        assert process.wait(120) == 2
    assert_safe((runs / "mlflow.log").read_text().rstrip(), runs)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert mlflow_export.export(runs)["new"] == 1, "the lock outlived its importer"


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
    command = mlflow_process._command(runs)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert lines[0].startswith(f"{path}: line 3 is damaged")
    assert lines[-1].startswith("MLflow: 1 trials (1 new); ")
    assert f"1 left out, the first: {path}: line 3" in lines[-1]
    assert mlflow_process.sync(runs) == lines[-1].replace("(1 new)", "(0 new)")
