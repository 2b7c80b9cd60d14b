"""A damaged journal is told by every command with folder and line, and none has success."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.plan.specs import SPEC
from harness.record import journal
from harness.run import runner
from harness.run.home import LOCK, forget
from harness.trial import CHECKPOINT, Pace
from tests.lab.commands import call
from tests.lab.throwaway import as_found, home, in_process, make_paper  # noqa: F401

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("in_process")]
NEVER = 1e9


class Bench:
    """A paper, a sound trial (seed 1) and one to be damaged (seed 0), and the commands."""

    def __init__(self, paper: Path, parent: Path) -> None:
        self.paper, self.runs, self.reports = paper, parent / "runs", parent / "reports"
        self.trial, self.sound = sorted(journal.find(self.runs))

    @property
    def path(self) -> Path:
        return self.trial / journal.NAME

    def call(self, verb: str, *more: str) -> int:
        places = ["--runs", self.runs, "--reports", self.reports]
        return call(verb, self.paper, *places, "--budget", "smoke", *more)

    def run(self, *more: str) -> int:
        fixed = ["--runs", self.runs, "--seeds", "2", "--no-tracking", "--device", "cpu"]
        return call("run", self.paper, *fixed, *more)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A paper with runs beside it: seed 0 was stopped and went on, seed 1 ran through."""
    paper = make_paper(tmp_path_factory.mktemp("papers"))
    runs = paper.parent / "runs"
    folders = [home(paper, runs, budget_name="smoke", seed=seed) for seed in (0, 1)]
    assert runner.execute(folders[0], Pace(NEVER, NEVER, stop_after=8)).status == "stopped"
    for folder in folders:
        assert runner.execute(folder, Pace(0.0, NEVER)).status == "completed"
    return paper


@pytest.fixture
def bench(ran: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv("COLUMNS", "300")
    shutil.copytree(ran.parent / "runs", tmp_path / "runs")
    return Bench(ran, tmp_path)


def cut(bench: Bench) -> None:
    lines = bench.path.read_bytes().splitlines(keepends=True)
    bench.path.write_bytes(b"".join(lines[:5]))


def cut_without_tally(bench: Bench) -> None:
    cut(bench)
    (bench.trial / journal.TALLY).unlink()


def gone(bench: Bench) -> None:
    bench.path.unlink()


def left_by_its_checkpoint(bench: Bench) -> None:
    bench.path.unlink()
    (bench.trial / journal.TALLY).unlink()
    assert (bench.trial / CHECKPOINT).exists()


def folder_instead(bench: Bench) -> None:
    bench.path.unlink()
    bench.path.mkdir()


def empty(bench: Bench) -> None:
    bench.path.write_bytes(b"")


def tally(bench: Bench) -> None:
    (bench.trial / journal.TALLY).write_bytes(b"\xff\n")


DAMAGE = [cut, cut_without_tally, gone, left_by_its_checkpoint, folder_instead, empty, tally]


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda each: each.__name__)
def test_every_command_tells_it_and_none_has_success(
    bench: Bench, damage: Callable[[Bench], None], capsys
) -> None:
    damage(bench)
    before = {path: path.read_bytes() for path in bench.trial.iterdir() if path.is_file()}
    place = bench.trial / "journal."
    assert bench.run() == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: {place}")
    assert said.count("\n") == 1
    assert "line " in said
    assert "--fresh keeps it and starts over" in said
    for verb in ("report", "verify"):
        assert bench.call(verb) == 1
        said = capsys.readouterr().out
        (line,) = (each for each in said.splitlines() if "left out: " in each)
        assert f"left out: {place}" in line
        assert "line " in line
    assert call("status", "--runs", bench.runs) == 1
    said = capsys.readouterr().out
    (line,) = (each for each in said.splitlines() if each.startswith("damaged: "))
    assert f"{place}" in line
    assert ": line " in line
    now = {path: path.read_bytes() for path in bench.trial.iterdir() if path.is_file()}
    assert {path: now[path] for path in before if path.name != LOCK} == {
        path: content for path, content in before.items() if path.name != LOCK
    }


def test_a_replay_of_another_trial_tells_it(bench: Bench, capsys) -> None:
    cut(bench)
    again = ["replay", bench.sound.name[-10:], "--runs", bench.runs, "--reports", bench.reports]
    assert call(*again) == 1
    said = capsys.readouterr().out
    assert "every number agrees" in said
    assert f"left out: {bench.path}: line 6 is missing" in said


def test_the_damaged_journal_is_kept_and_old_ones_too(bench: Bench) -> None:
    cut(bench)
    spoilt = bench.path.read_bytes()
    (bench.trial / "journal.2.old").write_text("kept before; the first was removed")
    assert bench.run("--fresh", "--jobs", "1") == 0
    assert (bench.trial / "journal.1.old").read_bytes() == spoilt
    assert journal.read(bench.trial).status == "completed"
    forget(bench.trial)
    assert (bench.trial / "journal.2.old").read_text().startswith("kept before")
    assert (bench.trial / "journal.3.old").exists()


@pytest.mark.parametrize("name", [LOCK, SPEC, CHECKPOINT])
@pytest.mark.parametrize("fresh", [(), ("--fresh",)])
def test_a_folder_in_the_place_of_a_file_is_one_line(
    bench: Bench, name: str, fresh: tuple[str, ...], capsys
) -> None:
    (bench.trial / name).unlink(missing_ok=True)
    (bench.trial / name).mkdir()
    status = bench.run(*fresh)
    said = capsys.readouterr()
    if name == CHECKPOINT and not fresh:
        assert status == 0  # the trial is complete: nobody reads it
        return
    assert status == 2
    assert said.err == f"error: {bench.trial / name}: {said.err.rpartition(': ')[2]}"
    assert "directory" in said.err


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"trial": "x"}', "\0\0"])
def test_a_spec_that_is_damaged_is_written_anew_by_run_and_refused_by_a_worker(
    bench: Bench, text: str, capsys
) -> None:
    sound = (bench.trial / SPEC).read_text()
    (bench.trial / SPEC).write_text(text)
    with pytest.raises(runner.Refused, match=r"spec\.json: is damaged"):
        runner.execute(bench.trial)
    assert bench.call("report") == 0
    assert bench.run() == 0
    assert (bench.trial / SPEC).read_text() == sound


def test_a_journal_of_another_trial_is_told(bench: Bench, capsys) -> None:
    for name in (journal.NAME, journal.TALLY):
        shutil.copy(bench.sound / name, bench.trial / name)
    assert bench.run() == 2
    said = capsys.readouterr().err
    theirs, ours = (folder.name[-10:] for folder in (bench.sound, bench.trial))
    assert f"{bench.path}: line 1 begins trial {theirs}, not {ours}" in said
    assert said.count("\n") == 1


def test_a_copy_that_failed_does_not_stand_for_what_is_complete(bench: Bench) -> None:
    """Whatever their folders are called, the completed one is the result."""
    copy = bench.trial.with_name("zzz")
    copy.mkdir()
    book = journal.Journal(copy)
    lines = list(journal.entries(bench.path))
    book.append("start", spec=lines[0]["spec"], provenance=lines[0]["provenance"])
    book.append("end", status="failed", error="no", stopped_by="", cost={})
    book.close()
    assert bench.call("report") == 0
    text = (bench.reports / "results.csv").read_text()
    assert text.count("completed") == 2
    assert "failed" not in text
