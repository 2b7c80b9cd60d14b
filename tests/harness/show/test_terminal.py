"""The tables of what is declared and of what would run."""

from __future__ import annotations

from pathlib import Path

from rich.table import Table

from harness.budget import standard
from harness.plan import specs
from harness.plan.discover import load
from harness.show import terminal
from tests.lab.commands import call
from tests.lab.throwaway import make_paper

ROOT = Path(__file__).resolve().parents[3]


def test_list_shows_every_experiment(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "220")
    assert call("list") == 0
    said = capsys.readouterr().out
    for name in ("papers/mnist1d", "benchmark/mlp", "benchmark/shuffled_c/gru", "B5.order"):
        assert name in said


def test_a_plan_has_a_line_a_trial_and_beyond_many_a_line_an_experiment(tmp_path, monkeypatch):
    folder = load(make_paper(tmp_path, experiments=("a", "b")))
    planned = specs.plan(folder, specs.Request(budget=standard("check"), seeds=range(3, 6)))
    assert [spec.charged for spec in planned] == [24] * 6
    cells = cells_of(terminal.plan_table(planned))
    assert cells["experiment"] == ["a"] * 3 + ["b"] * 3
    assert cells["seed"] == ["3", "4", "5"] * 2
    assert cells["SGD steps"] == ["24"] * 6
    assert cells["trial"] == [spec.trial for spec in planned]
    monkeypatch.setattr(terminal, "LINES", 5)
    table = terminal.plan_table(planned)
    cells = cells_of(table)
    assert cells["experiment"] == ["a", "b"]
    assert cells["seed"] == ["3 to 5"] * 2
    assert cells["SGD steps"] == ["72"] * 2
    assert cells["trial"] == ["3 trials"] * 2
    assert str(table.caption).startswith("6 trials, 144 SGD steps")


def cells_of(table: Table) -> dict[str, list[str]]:
    return {str(column.header): [str(cell) for cell in column.cells] for column in table.columns}
