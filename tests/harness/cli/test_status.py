"""`status` tells what became of trials, and disturbs none that runs."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sys
import time

import pytest

from harness.cli.status import GROUPS, LISTED
from harness.record import journal
from harness.run import runner
from harness.run.home import locked
from harness.run.state import state, survey
from harness.trial import Pace
from tests.lab.commands import call
from tests.lab.journals import six
from tests.lab.running import PATIENCE, ended, started, until
from tests.lab.throwaway import as_found, home, make_paper  # noqa: F401

pytestmark = pytest.mark.usefixtures("as_found")


@pytest.fixture(autouse=True)
def wide(monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def data(capsys, *arguments) -> dict:
    call("status", *arguments, "--json")
    return json.loads(capsys.readouterr().out)


def test_trials_are_counted_by_experiment_and_listed_with_their_reason(tmp_path, capsys):
    six(tmp_path / "runs")
    assert call("status", "--runs", tmp_path / "runs") == 0
    said = capsys.readouterr().out
    assert "6 trials in" in said
    assert "3 completed, 1 running, 1 stopped, 1 failed" in said
    (line,) = (line for line in said.splitlines() if line.startswith("tiny: fit/mlp "))
    assert line.removeprefix("tiny: fit/mlp").split() == ["smoke", *"3111"]
    assert "failed: tiny: fit/mlp seed 1, smoke (t1): ValueError: no\n" in said
    assert "running: tiny: fit/mlp seed 5, smoke (t5): an unknown process" in said
    assert "(t0)" not in said  # complete
    assert "goes on when the same `run` is typed again" in said


def test_a_running_trial_is_told_with_process_and_progress(tmp_path, capsys):
    paper, runs = make_paper(tmp_path), tmp_path / "runs"
    folder = home(paper, runs)
    runner.execute(folder, Pace(1e9, 0.0, stop_after=6))
    with locked(folder):
        (folder / "lock").touch()
        (folder / "heartbeat.json").touch()
        assert call("status", "--runs", runs) == 0
        said = capsys.readouterr().out
        (trial,) = data(capsys, "--runs", runs)["trials"]
    assert f"process {os.getpid()} on {socket.gethostname()}; train turn 5 of 12, 42%" in said
    assert re.search(r"left; runs for \d+ s; last sign of life \d+ s ago", said)
    assert (trial["state"], trial["process"]) == ("running", os.getpid())
    assert (trial["host"], trial["job"]) == (socket.gethostname(), None)
    assert (trial["progress"]["phase"], trial["progress"]["turn"]) == ("train", 5)
    assert call("status", "--runs", runs) == 0
    assert "1 stopped" in capsys.readouterr().out


def test_the_job_of_a_scheduler_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SLURM_JOB_ID", "33_7")
    folder = home(make_paper(tmp_path), tmp_path / "runs")
    with locked(folder):
        (trial,) = data(capsys, "--runs", tmp_path / "runs")["trials"]
    assert (trial["process"], trial["job"]) == (os.getpid(), "33_7")


def test_papers_and_budgets_choose(tmp_path, capsys):
    one, other = make_paper(tmp_path, "one"), make_paper(tmp_path, "other")
    for paper, budget in ((one, "check"), (one, "smoke"), (other, "smoke")):
        home(paper, tmp_path / "runs", budget_name=budget)
    where = ("--runs", tmp_path / "runs")
    assert len(data(capsys, *where)["trials"]) == 3
    assert len(data(capsys, one, *where)["trials"]) == 2
    (trial,) = data(capsys, one, "--budget", "smoke", *where)["trials"]
    assert (trial["paper"], trial["budget"], trial["state"]) == (one.name, "smoke", "waits")
    assert call("status", "--budget", "smook", *where) == 2
    assert "did you mean 'smoke'" in capsys.readouterr().err
    assert call("status", tmp_path / "none", *where) == 2


def test_what_is_much_is_cut_short_and_says_so(tmp_path, capsys):
    names = [f"e{number:02}" for number in range(GROUPS + 5)]
    paper = make_paper(tmp_path, experiments=names)
    for name in names:
        home(paper, tmp_path / "runs", experiment=name)
    assert runner.execute(home(paper, tmp_path / "runs", experiment="e00")).status == "completed"
    assert call("status", "--runs", tmp_path / "runs") == 0
    said = capsys.readouterr().out
    assert said.count(f"\n{paper.name}: ") == GROUPS
    assert said.count("waits: ") == LISTED + 1
    assert f"waits: and {GROUPS + 4 - LISTED} more" in said


def test_a_damaged_journal_is_told_with_its_line_and_the_exit_status(tmp_path, capsys):
    folder = home(make_paper(tmp_path), tmp_path / "runs")
    runner.execute(folder)
    path = folder / journal.NAME
    path.write_bytes(path.read_bytes().replace(b'"loss"', b'"gain"', 1))
    assert call("status", "--runs", tmp_path / "runs") == 1
    said = capsys.readouterr().out
    assert f"damaged: {path.parent.parts[-4]}: fit seed 0" in said
    assert f"{path}: line 3 is damaged" in said


def test_folders_without_trials_are_one_line(tmp_path, capsys):
    (tmp_path / "file").touch()
    for name, status in (("missing", 0), (".", 0), ("file", 2)):
        assert call("status", "--runs", tmp_path / name) == status
        said = capsys.readouterr()
        assert (said.out + said.err).count("\n") == 1
    assert data(capsys, "--runs", tmp_path)["trials"] == []


def test_nothing_heavy_is_loaded(tmp_path, capsys):
    heavy = {"torch", "mlflow", "matplotlib", "scipy"}
    before = heavy & set(sys.modules)
    six(tmp_path / "runs")
    call("status", "--runs", tmp_path / "runs")
    assert heavy & set(sys.modules) == before
    from harness.cli import status

    assert not {"pandas", "numpy"} & set(vars(status))


@pytest.mark.slow
def test_a_run_that_is_watched_closely_is_not_disturbed(tmp_path, capsys):
    paper, runs = make_paper(tmp_path), tmp_path / "runs"
    options = ("--seeds", "3", "--jobs", "1", "--set", "sleep=0.02", "--set", "steps=40")
    seen = set()
    with started(paper, runs, *options) as process:
        while process.poll() is None:
            seen |= {frozenset((t.spec["seed"], t.word) for t in survey(runs))}
            time.sleep(0.01)  # a row takes twice as long
        code, said = ended(process)
    assert code == 0, said
    assert all(journal.read(folder).attempts == 1 for folder in journal.find(runs))
    assert "failed" not in said
    assert any((0, "running") in each and (2, "waits") in each for each in seen)


@pytest.mark.slow
def test_a_run_tells_its_process_while_it_runs_and_that_it_was_killed(tmp_path, capsys):
    paper, runs = make_paper(tmp_path), tmp_path / "runs"
    options = ("--seed", "0", "--set", "sleep=0.05", "--set", "steps=2000")
    with started(paper, runs, *options) as process:
        until(lambda: any(runs.rglob("heartbeat.json")), process)
        (trial,) = data(capsys, "--runs", runs)["trials"]
        assert trial["state"] == "running"
        assert os.getpgid(trial["process"]) == process.pid
        assert 0 < trial["share"] < 1
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)
        until(lambda: state(runs / trial["folder"]).word == "killed")
