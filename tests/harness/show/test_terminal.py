"""The tables of what is declared and of what would run."""

from __future__ import annotations

from pathlib import Path

from tests.lab.commands import call

ROOT = Path(__file__).resolve().parents[3]


def test_list_shows_every_experiment(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "220")
    assert call("list") == 0
    said = capsys.readouterr().out
    for name in ("papers/mnist1d", "benchmark/mlp", "benchmark/shuffled_c/gru", "B5.order"):
        assert name in said
