"""Servers that are none, hang or refuse: one line that keeps the remedy, in bounded time."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.record import mlflow_client, mlflow_export
from tests.lab.journals import Lab
from tests.lab.serving import answering, down

pytestmark = pytest.mark.slow


def said(runs: Path, uri: str, monkeypatch, capsys) -> str:
    """What an import into a store that is of no use says: one line, exit status 2, a remedy."""
    Lab(runs, "t").rows(0, 1).end()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert mlflow_export.main([str(runs)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.endswith(f"try again: python -m harness.record {runs}\n")
    return err


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, b"log in first", "error code 401 != 200. Response body: 'log in first'"),
        (200, b"<html>\nhello</html>", "not in a valid JSON format"),
        (200, b'{"experiments": [{"experiment_id": []}]}', "Failed to parse"),
        (200, b"", "it does not answer like MLflow"),
        (404, b"x" * 5000, "error code 404"),
    ],
)
def test_a_server_that_is_no_mlflow(runs: Path, monkeypatch, capsys, status, body, words):
    with answering(status, body) as uri:
        line = said(runs, uri, monkeypatch, capsys)
    assert words in line
    assert len(line) < 800


def test_a_server_that_is_down(runs: Path, monkeypatch, capsys):
    uri = down().removesuffix("/file")
    assert "Connection refused" in said(runs, uri, monkeypatch, capsys)


def test_a_server_that_sends_a_byte_now_and_then(runs: Path, monkeypatch, capsys):
    monkeypatch.setattr(mlflow_client, "ANSWER", 1.0)
    with answering(200, b"x" * 1000, pause=0.2) as uri:
        assert "no answer within 1 s" in said(runs, uri, monkeypatch, capsys)


def test_an_address_of_no_store(runs: Path, monkeypatch, capsys):
    assert "MLflow has no store at such an address" in said(
        runs, "ftp://nowhere", monkeypatch, capsys
    )
    line = said(runs, "postgresql://me:secret@127.0.0.1:9/x", monkeypatch, capsys)
    assert "secret" not in line
