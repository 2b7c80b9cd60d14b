"""What became of trials, told from their folders alone."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from harness.paper import Refused
from harness.plan.specs import Spec
from harness.record import journal
from harness.run import home as home_of
from harness.run import runner
from harness.run.home import HEARTBEAT, LOCK, holder, locked
from harness.run.state import State, folders, state, survey
from harness.trial import Pace
from tests.lab.journals import Lab
from tests.lab.throwaway import as_found, home, make_paper  # noqa: F401

pytestmark = pytest.mark.usefixtures("as_found")
SEEN = Pace(1e9, 0.0)


def words(runs: Path) -> dict[int, str]:
    return {each.spec["seed"]: each.word for each in survey(runs)}


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    return make_paper(tmp_path)


@pytest.fixture
def folder(paper: Path, tmp_path: Path) -> Path:
    """A trial that is complete."""
    trial = home(paper, tmp_path / "runs")
    assert runner.execute(trial, SEEN).status == "completed"
    return trial


# -- how trials are called ------------------------------------------------------------------------


def test_each_trial_is_called_what_its_folder_says(paper: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    seeds = [home(paper, runs, seed=seed) for seed in range(6)]
    assert set(words(runs).values()) == {"waits"}
    assert runner.execute(seeds[0], SEEN).status == "completed"
    assert runner.execute(seeds[1], Pace(1e9, 0.0, stop_after=5)).status == "stopped"
    replace(Spec.read(seeds[2]), guard=1e-9).write(seeds[2])
    assert runner.execute(seeds[2], SEEN).status == "cut"
    failing = Spec.read(seeds[3])
    replace(failing, config={**failing.config, "fail_at": 3}).write(seeds[3])
    assert runner.execute(seeds[3], SEEN).status == "failed"
    runner.execute(seeds[4], SEEN)
    lines = (seeds[4] / journal.NAME).read_bytes().splitlines(keepends=True)
    (seeds[4] / journal.NAME).write_bytes(b"".join(lines[:-2]))  # a kill, before the last flush
    (seeds[4] / journal.TALLY).write_text("0 0\n")
    known = {each.spec["seed"]: each for each in survey(runs)}
    assert {seed: each.word for seed, each in known.items()} == {
        **{0: "completed", 1: "stopped", 2: "cut", 3: "failed", 4: "killed", 5: "waits"},
    }
    assert known[3].why.startswith("RuntimeError: this turn fails (method.py:")
    assert "its guard" in known[2].why
    assert all(each.holder == "" for each in known.values())


def test_a_trial_that_somebody_holds_runs_whatever_its_journal_says(
    folder: Path, tmp_path: Path
) -> None:
    waiting = home(Path(Spec.read(folder).folder), tmp_path / "runs", seed=1)
    with locked(waiting):
        seen = state(waiting)
        assert (seen.word, seen.holder, seen.share) == ("running", holder(), None)
        with locked(folder):
            assert state(folder).word == "completed"  # somebody looks whether it is
    assert state(waiting).word == "waits"


def test_a_running_trial_tells_how_far_it_is_and_when_it_was_seen(folder: Path) -> None:
    spec = Spec.read(folder)
    (folder / journal.NAME).unlink()
    (folder / journal.TALLY).unlink()
    with locked(folder):
        beat = {"phase": "train", "turn": 6, "horizon": 12, "steps": 12.0, "seconds": 3.0}
        (folder / HEARTBEAT).write_text(json.dumps({**beat, "metrics": {}}))
        os.utime(folder / LOCK, (1000, 1000))
        os.utime(folder / HEARTBEAT, (1060, 1060))
        half = state(folder)
        assert (half.share, half.left, half.since, half.seen) == (0.5, 3.0, 1000, 1060)
        assert spec.charged == 24
        os.utime(folder / HEARTBEAT, (900, 900))  # that of the attempt before this one
        again = state(folder)
        assert (again.beat, again.share, again.since) == ({}, None, 1000)


@pytest.mark.parametrize(
    ("spec", "beat", "left"),
    [
        ({"charged": 100, "expected": 40.0}, {"steps": 25.0, "seconds": 10.0}, 30.0),
        ({"charged": 100, "expected": 40.0}, {"steps": 1.0, "seconds": 10.0}, 30.0),
        ({"charged": 100, "expected": 40.0}, {}, 40.0),
        ({"charged": 0, "expected": 0.0}, {"steps": 0.0, "seconds": 1.0}, None),
        (
            {"charged": 100, "expected": 40.0, "seconds_cap": 15.0},
            {"steps": 25.0, "seconds": 10.0},
            5.0,
        ),
    ],
)
def test_the_time_left_follows_from_steps_or_from_what_is_expected(spec, beat, left) -> None:
    assert State(Path(), "running", spec, beat=beat).left == left


# -- journals -------------------------------------------------------------------------------------


def test_any_change_of_a_journal_is_told_with_its_line(folder: Path) -> None:
    path = folder / journal.NAME
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    spoilt = {
        1: whole.replace(b'"seed": 0', b'"seed": 1', 1),
        3: b"".join([*lines[:2], *lines[3:]]),
        4: b"".join([*lines[:3], lines[2], *lines[3:]]),
        len(lines): b"".join(lines[:-1]),
    }
    for number, content in spoilt.items():
        path.write_bytes(content)
        damaged = state(folder)
        assert damaged.word == "damaged"
        assert f"{path}: line {number} " in damaged.why
        assert damaged.spec["seed"] == 0  # spec.json tells which trial that is
    path.write_bytes(whole)
    assert state(folder).word == "completed"


def test_a_sound_journal_is_not_read_line_by_line(folder: Path, monkeypatch) -> None:
    monkeypatch.setattr(journal, "read", None)
    assert state(folder).word == "completed"


@pytest.mark.parametrize("content", ["{", "{}", "[1]", None])
def test_a_spec_that_cannot_be_read_is_damage_where_no_journal_knows_better(
    folder: Path, content: str | None
) -> None:
    (folder / "spec.json").unlink()
    if content is not None:
        (folder / "spec.json").write_text(content)
    assert (state(folder).word, state(folder).spec["seed"]) == ("completed", 0)
    (folder / journal.NAME).unlink()
    assert state(folder).word == "damaged"
    assert "spec.json: cannot be read" in state(folder).why


# -- folders --------------------------------------------------------------------------------------


def test_what_a_trial_made_and_what_mlflow_copied_are_no_trials(tmp_path: Path) -> None:
    made = Lab(tmp_path, "a").row(0, 1).end().folder
    for inside in (made / "artifacts" / "deep", tmp_path / "mlartifacts" / "1"):
        inside.mkdir(parents=True)
        (inside / journal.NAME).write_bytes((made / journal.NAME).read_bytes())
    assert list(folders(tmp_path)) == [made]


def test_a_folder_that_is_none_is_refused_and_a_missing_one_has_no_trials(tmp_path: Path) -> None:
    assert survey(tmp_path / "nothing") == []
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match="is a file"):
        survey(tmp_path / "file")


def test_a_look_changes_nothing(folder: Path) -> None:
    (folder / LOCK).unlink()
    home_of.forget(folder)
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert state(folder).word == "waits"
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before
