"""A trial on a disk that takes its rows and nothing else."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from harness.record import journal
from harness.record.journal import Journal
from harness.run import home as home_of
from harness.run import runner
from harness.run.home import HEARTBEAT, LOCK
from harness.run.runner import TRACEBACK, UNSAVED, Outcome
from harness.run.unwritten import Unwritten
from harness.trial import CHECKPOINT, Pace, Trial
from tests.lab.throwaway import as_found, home, make_paper  # noqa: F401

pytestmark = pytest.mark.usefixtures("as_found")
FULL = os.strerror(errno.ENOSPC)
EVERY_TURN = Pace(0.0, 0.0)


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    return make_paper(tmp_path)


def refusing(monkeypatch, owner, name: str, number: int = errno.ENOSPC) -> None:
    """Let a function of a class or a module find the disk so."""

    def refuse(*arguments, **options):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(owner, name, refuse)


def whole(paper: Path, tmp_path: Path, **config) -> list[str]:
    """What a trial measures with room for all."""
    folder = home(paper, tmp_path / "whole", **config)
    runner.execute(folder, EVERY_TURN)
    return journal.measured(journal.read(folder))


@pytest.mark.parametrize(
    ("owner", "name", "file"),
    [(Trial, "save", CHECKPOINT), (runner, "beat", HEARTBEAT)],
)
def test_a_trial_goes_on_without_what_is_no_row_and_says_so(
    paper, tmp_path, monkeypatch, owner, name, file
):
    expected = whole(paper, tmp_path)
    folder = home(paper, tmp_path / "runs")
    refusing(monkeypatch, owner, name)
    outcome = runner.execute(folder, EVERY_TURN)
    assert outcome == Outcome("completed", unwritten=f"{file} ({FULL})")
    assert journal.measured(journal.read(folder)) == expected
    assert not (folder / file).exists()


def test_room_that_comes_back_is_used_and_nothing_is_missing(paper, tmp_path, monkeypatch):
    save, calls = Trial.save, [0]

    def fails_first(trial):
        calls[0] += 1
        if calls[0] == 1:
            (trial.folder / f"{CHECKPOINT}.new").write_bytes(b"half")
            raise OSError(errno.ENOSPC, FULL)
        assert not (trial.folder / f"{CHECKPOINT}.new").exists()  # it gave its room back
        save(trial)

    monkeypatch.setattr(Trial, "save", fails_first)
    folder = home(paper, tmp_path / "runs")
    assert runner.execute(folder, EVERY_TURN) == Outcome("completed")
    assert (folder / CHECKPOINT).exists()
    assert calls[0] == 12


def test_a_stop_that_could_not_save_says_so_and_the_trial_goes_on(paper, tmp_path, monkeypatch):
    expected = whole(paper, tmp_path)
    folder = home(paper, tmp_path / "runs")
    with monkeypatch.context() as patch:
        refusing(patch, Trial, "save")
        outcome = runner.execute(folder, Pace(1e9, 1e9, stop_after=5))
    assert outcome.status == "stopped"
    assert outcome.error.startswith(f"stopped on request at turn 5 of train; {UNSAVED}")
    assert journal.read(folder).error == outcome.error
    assert runner.execute(folder, EVERY_TURN) == Outcome("completed")
    assert journal.measured(journal.read(folder)) == expected


def test_a_broken_disk_is_no_full_one(paper, tmp_path, monkeypatch):
    folder = home(paper, tmp_path / "runs")
    refusing(monkeypatch, Trial, "save", errno.EIO)
    outcome = runner.execute(folder, EVERY_TURN)
    assert outcome.status == "failed"
    assert outcome.error.startswith("OSError: [Errno 5] Input/output error")


def test_the_error_is_told_where_its_traceback_cannot_be_written(paper, tmp_path, monkeypatch):
    folder = home(paper, tmp_path / "runs", fail_at=5)
    write = Path.write_bytes

    def refuse(path: Path, content: bytes) -> int:
        if path.name == TRACEBACK:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", refuse)
    outcome = runner.execute(folder)
    assert outcome.error.startswith("RuntimeError: this turn fails")
    assert outcome.unwritten == f"{TRACEBACK} (Read-only file system)"


def test_a_trial_whose_end_is_written_is_complete_without_its_tally(paper, tmp_path, monkeypatch):
    folder = home(paper, tmp_path / "runs")
    with monkeypatch.context() as patch:
        refusing(patch, Journal, "sync")
        assert runner.execute(folder, Pace(1e9, 1e9)) == Outcome("completed")
    assert home_of.finished(folder)


def test_a_lock_holds_without_a_name_in_it(paper, tmp_path, monkeypatch):
    folder = home(paper, tmp_path / "runs")
    refusing(monkeypatch, home_of, "holder")
    told = pytest.raises(home_of.Refused, match="an unknown process is running this trial")
    with home_of.locked(folder):
        assert (folder / LOCK).read_text() == ""
        with told, home_of.locked(folder):
            pytest.fail("held twice")


def test_a_file_that_was_written_at_last_is_not_missing():
    missing = Unwritten()
    with missing.allowed("b"), missing.allowed("a"):
        raise OSError(errno.EROFS, "read-only")
    assert str(missing) == "a (read-only)"
    assert "a" in missing
    with missing.allowed("a"):
        pass
    assert str(missing) == ""
