"""A folder of runs with an empty MLflow database; journals that a test wrote are closed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.record import mlflow_client, mlflow_export
from tests.lab.journals import Lab


@pytest.fixture(autouse=True)
def journals_are_closed():
    yield
    Lab.leave()


@pytest.fixture(scope="session")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with tables and nothing in them: made once, for that takes seconds."""
    path = tmp_path_factory.mktemp("schema") / "mlflow.db"
    mlflow_client.make_tables(path)
    return path


@pytest.fixture
def runs(tmp_path: Path, schema: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    folder = tmp_path / "runs"
    folder.mkdir()
    shutil.copy(schema, folder / mlflow_export.DATABASE)
    return folder
