"""A run ends with what it measured, and says where to look."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from harness.cli import ending
from harness.plan import discover, processor
from harness.record import journal, mlflow_process, tables
from harness.run import launch, runner
from harness.trial import Pace
from tests.lab.clocks import at_speed
from tests.lab.commands import call
from tests.lab.throwaway import METHOD, as_found, home, in_process, make_paper  # noqa: F401

UNLUCKY = METHOD.replace(
    "    model = Model(",
    """    if trial.seed == 1:
        raise RuntimeError("bad [/luck] at [red] lights")
    if trial.seed == 2:
        config = type(config)(steps=config.steps, nan_at=7)
    model = Model(""",
)


def test_what_an_experiment_shows_is_printed_for_one_seed(tmp_path):
    console = Console(file=(screen := io.StringIO()), width=150)
    found = discover.load(make_paper(tmp_path))
    drawn = "def drawn(artifacts):\n    return (artifacts / 'found').read_text()\n"
    (found.path / "drawing.py").write_text(drawn)
    own = replace(found.paper.experiments[0], shows="drawing:drawn")
    showing = replace(found, paper=replace(found.paper, experiments=[own]))
    results = []
    for seed, status in ((2, "completed"), (1, "completed"), (0, "failed")):
        folder = tmp_path / f"seed{seed}"
        (folder / "artifacts").mkdir(parents=True)
        (folder / "artifacts" / "found").write_text(f"[seed {seed}] drew\n")
        spec = {"paper": found.name, "experiment": own.name, "seed": seed}
        results.append(journal.Result(folder, spec, status=status))
    left_out = list[str]()
    for panel in ending.shown([showing], results, False, left_out):
        console.print(panel)
    assert "[seed 1] drew" in screen.getvalue()
    assert "seed 2" not in screen.getvalue()
    assert list(ending.shown([found], results, False, left_out)) == []
    assert left_out == []


@pytest.mark.slow
def test_a_run_ends_with_a_table_and_says_where_to_look(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setattr(mlflow_process, "PATIENCE", 300.0)
    folder, runs = make_paper(tmp_path, seeds={"smoke": 2}), tmp_path / "runs"
    assert call("run", folder, "--runs", runs, "--jobs", "1") == 0
    said = capsys.readouterr().out
    assert said.count("done fit seed ") == 2
    (head,) = (line for line in said.splitlines() if "the paper" in line)
    assert head.split() == ["claim", "the", "paper", "here", "verdict"]
    assert "the loss is a square" in said
    assert "n = 2" in said
    assert (
        f"MLflow: 2 trials (2 new); look: mlflow ui --backend-store-uri sqlite:///{runs}" in said
    )
    assert (runs / "mlflow.db").exists()
    assert [result.status for result in everything(runs).values()] == ["completed"] * 2


def everything(runs: Path) -> dict[Path, journal.Result]:
    return {path: journal.read(path) for path in journal.find(runs)}


@pytest.fixture
def finished(tmp_path):
    """The command of a run of one trial that is complete already, and its journal."""
    folder, runs = make_paper(tmp_path), tmp_path / "runs"
    trial = home(folder, runs, budget_name="smoke")
    assert runner.execute(trial).status == "completed"
    command = ["run", folder, "--runs", runs, "--device", "cpu", "--no-tracking"]
    return command, trial / journal.NAME


@pytest.mark.slow
def test_a_complete_trial_is_not_run_again(finished, monkeypatch, capsys):
    command, path = finished
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(launch, "run", None)
    before = path.read_bytes()
    assert call(*command) == 0
    said = capsys.readouterr().out
    assert "1 of 1 trials are complete already" in said
    assert "the loss is a square" in said
    assert "MLflow" not in said
    assert path.read_bytes() == before


@pytest.mark.slow
def test_an_instruction_set_can_be_asked_for(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "200")
    folder, runs = make_paper(tmp_path), tmp_path / "runs"
    command = ["run", folder, "--runs", runs, "--seed", "0", "--no-tracking", "--isa"]
    assert call(*command, "avx3") == 2
    assert "did you mean 'avx2'" in capsys.readouterr().err
    if "avx2" not in processor.offered():
        pytest.skip("this processor has no AVX2")
    assert call(*command, "avx2") == 0
    (result,) = everything(runs).values()
    assert (result.spec["isa"], result.provenance["isa"]) == ("avx2", "avx2")


def test_a_damaged_journal_is_refused_by_name_and_not_changed(finished, capsys):
    command, path = finished
    lines = path.read_bytes().splitlines(keepends=True)
    damaged = b"".join([*lines[:3], lines[3][:-9] + b"}\n", *lines[4:]])
    path.write_bytes(damaged)
    assert call(*command) == 2
    said = capsys.readouterr().err
    assert f"{path}: line 4 is damaged" in said
    assert "--fresh" in said
    assert said.count("\n") == 1
    assert path.read_bytes() == damaged


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
def test_a_failing_trial_gives_status_1_and_the_others_complete(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "200")
    folder, runs = make_paper(tmp_path, body=UNLUCKY), tmp_path / "runs"
    command = ["run", folder, "--runs", runs, "--seeds", "4", "--jobs", "1", "--no-tracking"]
    assert call(*command) == 1
    said = capsys.readouterr().out
    assert "failed fit seed 1" in said
    assert "RuntimeError: bad [/luck] at [red] lights (method.py:" in said
    assert said.count("done fit seed ") == 2
    results = {r.spec["seed"]: r for r in map(journal.read, journal.find(runs))}
    assert {seed: result.status for seed, result in results.items()} == {
        0: "completed", 1: "failed", 2: "failed", 3: "completed",
    }  # fmt: skip
    assert "loss=nan at turn 7 of 'train'" in results[2].error
    assert results[2].rows[-1]["turn"] == 7
    assert len(results[3].rows) == 8  # turns 0, 3, ... 18 of 20, and the end


@pytest.mark.slow
@pytest.mark.usefixtures("as_found")
def test_a_cut_trial_is_told_judges_nothing_and_goes_on_without_its_guard(
    tmp_path, monkeypatch, capsys
):
    def here(folders, host, pace, watch):
        return {folder: runner.execute(folder, Pace(heartbeat=0.0)) for folder in folders}

    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(launch, "run", here)
    folder = make_paper(tmp_path, seeds={"smoke": 3})
    command = ["run", folder, "--no-tracking", "--device", "cpu", "--runs"]
    assert call(*command, tmp_path / "whole") == 0
    capsys.readouterr()
    runs = tmp_path / "runs"
    at_speed(monkeypatch, 96)
    assert call(*command, runs, "--seed", "1") == 1
    at_speed(monkeypatch, 4)
    assert call(*command, runs) == 1  # what was spent counts: it is still beyond its guard
    said = " ".join(capsys.readouterr().out.split())
    assert "cut fit seed 1: 22 steps, 72 s; its guard of 60 s stopped it at turn 11" in said
    assert "cut, for they took far longer than expected: fit seed 1" in said
    assert "the same command with --no-guard goes on" in said
    assert "n = " not in said  # nothing is judged by it
    assert call("report", folder, "--runs", runs, "--reports", tmp_path / "reports") == 0
    assert set(tables.load(tmp_path / "reports" / "results.csv")["seed"]) == {0, 2}
    capsys.readouterr()
    assert call(*command, runs, "--no-guard") == 0
    said = capsys.readouterr().out
    assert "2 of 3 trials are complete already" in said
    assert "n = 3" in said
    assert "its guard" not in said
    assert numbers(runs) == numbers(tmp_path / "whole")


def numbers(runs: Path) -> dict[str, list[str]]:
    return {result.trial: journal.measured(result) for result in everything(runs).values()}


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
def test_fresh_starts_over_and_keeps_what_was_measured(tmp_path, capsys):
    folder, runs = make_paper(tmp_path), tmp_path / "runs"
    command = ["run", folder, "--runs", runs, "--jobs", "1", "--no-tracking", "--steps", "8"]
    assert call(*command) == 0
    (trial,) = journal.find(runs)
    before = (trial / journal.NAME).read_bytes()
    said = capsys.readouterr().out
    assert "measured, no claim judged" in said
    assert call(*command, "--fresh") == 0
    (old,) = trial.glob("journal.*.old")
    assert old.read_bytes() == before
    again = journal.read(trial)
    assert (again.attempts, again.total("steps"), again.stopped_by) == (1, 8, "steps")


@pytest.mark.parametrize("value", ["", "nowhere"])
def test_without_the_folder_of_a_data_set_that_nobody_can_pull_nothing_begins(
    tmp_path, monkeypatch, capsys, value
):
    monkeypatch.setenv("HARNESS_IMAGENET", value)
    runs = tmp_path / "runs"
    chosen = ("--experiment", "imagenet/published", "--budget", "paper")
    assert call("run", "papers/darts", *chosen, "--runs", runs) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: data 'imagenet': HARNESS_IMAGENET")
    assert said.count("\n") == 1
    assert not runs.exists()
