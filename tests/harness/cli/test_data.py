"""The commands of `data`: one dataset that is missing does not keep the others away."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli.app import main
from harness.data import store
from harness.data.registry import DATASETS
from harness.paper import Refused


def test_pull_of_all_goes_on_and_says_which_is_missing(tmp_path, monkeypatch, capsys):
    def some(name: str) -> Path:
        if name == "cifar10":
            raise Refused("data 'cifar10' is missing")
        return tmp_path / name

    monkeypatch.setattr(store, "ensure", some)
    with pytest.raises(SystemExit) as end:
        main(["data", "pull"])
    said = capsys.readouterr()
    assert end.value.code == 2
    assert "error: not pulled: cifar10; the others are in place" in said.err
    assert all(f"{name}: " in said.out for name in DATASETS if name != "cifar10")
