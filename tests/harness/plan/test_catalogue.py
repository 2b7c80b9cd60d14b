"""All that is declared, as plain JSON values."""

from __future__ import annotations

import json
from pathlib import Path

from tests.lab.commands import call

ROOT = Path(__file__).resolve().parents[3]


def test_list_as_json_has_all_that_is_declared(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert call("list", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    paper = {paper["name"]: paper for paper in told["papers"]}["mnist1d"]
    experiments = {experiment["name"]: experiment for experiment in paper["experiments"]}
    assert experiments["benchmark/mlp"]["config"]["lr"] == 0.01
    claims = {claim["id"]: claim for claim in paper["claims"]}
    assert claims["B8.cnn"]["check"]["kind"] == "Value"
    assert claims["B8.cnn"]["check"]["low"] < claims["B8.cnn"]["check"]["high"]
    assert claims["B8.mlp"]["expected"] is False
    assert {task["name"] for task in told["tasks"]} >= {
        experiment["task"] for experiment in paper["experiments"]
    }
    assert "mnist1d" in told["datasets"]
    assert [budget["name"] for budget in told["budgets"]] == ["check", "smoke", "nightly", "paper"]
