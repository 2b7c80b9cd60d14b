"""Curricula that stand in the folder: found by name, measured as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.paper import Refused
from papers.gtn import __main__ as command
from papers.gtn import exported, kept
from tests.papers.gtn.test_exported import signals


def test_a_kept_curriculum_is_worth_what_stands_beside_it():
    own = exported.load(kept.find("mnist1d"))
    found = kept.measured(own)
    # another processor rounds elsewhere: one row of the test set is .001
    assert found["accuracy"] == pytest.approx(own.said["accuracy"], abs=0.003)
    assert own.said["accuracy"] > 0.5 and own.said["learners"] == found["learners"]


def test_every_kept_curriculum_says_what_made_it_and_is_small():
    assert {"mnist", "mnist1d"} <= set(kept.names())
    for name in kept.names():
        path = kept.find(name)
        assert path.stat().st_size <= kept.LARGEST
        assert exported.load(path).said["command"].startswith("python -m harness run papers/gtn")


def test_what_is_kept_is_measured_named_and_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(kept, "CURRICULA", tmp_path / "curricula")
    monkeypatch.setattr(kept, "FRESH", 2)
    made = signals(tmp_path)
    assert command.main(["keep", str(made), "mine", "--command", "it was made so"]) == 0
    assert kept.names() == ["mine"]
    again = exported.load(kept.find("mine"))
    assert again.said["command"] == "it was made so" and 0 <= again.said["accuracy"] <= 1
    capsys.readouterr()
    assert command.main(["curricula"]) == 0
    line = capsys.readouterr().out
    assert line.startswith("mine: 3 batches of 10 for mnist1d; ") and "it was made so" in line
    assert command.main(["teach", "no.such:thing", "--curriculum", "mint"]) == 2
    assert "did you mean 'mine'?" in capsys.readouterr().err


def test_what_is_too_large_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(kept, "LARGEST", 100)
    with pytest.raises(Refused, match="must be at most 4 MB"):
        kept.keep(signals(tmp_path), "mine", "it was made so")
