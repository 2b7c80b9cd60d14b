"""What is shown of the end of trials: each end once, and none of an earlier attempt."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from harness import discover, session
from harness.launch import Machine
from harness.plan import Spec
from harness.record import journal
from harness.runner import Outcome
from harness.view import Bars, clock, state
from tests.harness.throwaway import home, make_paper

START = {"spec": {"experiment": "fit", "seed": 0}, "provenance": {}}
END = {"status": "stopped", "stopped_by": "stopped", "error": "", "cost": {}}


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def console(screen: io.StringIO) -> Console:
    return Console(file=screen, width=150)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return home(make_paper(tmp_path), tmp_path / "runs")


def test_an_end_of_an_earlier_attempt_is_not_shown_again(folder, console, screen):
    written = journal.Journal(folder)
    written.append("start", **START)
    written.append("end", **END)
    bars = Bars(console, {folder: Spec.read(folder)})
    ends = session.Ends({folder: session._size(folder)})
    ends.show(bars)
    written.append("start", **START)
    ends.show(bars)
    assert screen.getvalue() == ""
    assert list(ends.sizes) == [folder]
    written.append("end", **{**END, "status": "completed"})
    ends.show(bars)
    ends.show(bars)
    assert screen.getvalue().count("done fit seed 0") == 1
    assert not ends.sizes
    written.close()


def test_an_end_that_no_journal_tells_is_printed_with_its_reason(folder, console, screen):
    def start(folders, host, pace, watch):
        return {each: Outcome("refused", "process 7 is running this trial") for each in folders}

    where = (session.Place(folder), start)
    trials = {folder: Spec.read(folder)}
    (result,) = session.conduct(trials, Machine(1), where, console)
    assert (result.status, result.spec["experiment"]) == ("refused", "fit")
    assert "failed fit seed 0" in screen.getvalue()
    assert "process 7 is running this trial" in screen.getvalue()


def test_a_bar_says_phase_steps_time_cap_and_the_metrics_of_test_first(folder):
    beat = {"phase": "train", "turn": 5, "horizon": 10, "steps": 1500.0, "seconds": 75.0}
    beat["metrics"] = {"loss": 0.5, "train_loss": 2.0, "test_accuracy": 0.25}
    line = state(Spec.read(folder), beat)
    assert line.startswith("train  1,500 steps  75 s/")
    assert line.endswith("test_accuracy 0.250  loss 0.500")


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "0 s"), (89, "89 s"), (125, "2:05 min"), (5400, "1:30 h")]
)
def test_durations_are_said_as_people_say_them(seconds: float, said: str):
    assert clock(seconds) == said


def test_what_an_experiment_shows_is_printed_for_one_seed(tmp_path, console, screen):
    found = discover.load(make_paper(tmp_path))
    own = replace(found.paper.experiments[0], shows="drawing.txt")
    showing = replace(found, paper=replace(found.paper, experiments=[own]))
    results = []
    for seed, status in ((2, "completed"), (1, "completed"), (0, "failed")):
        folder = tmp_path / f"seed{seed}"
        (folder / "artifacts").mkdir(parents=True)
        (folder / "artifacts" / "drawing.txt").write_text(f"[seed {seed}] drew\n")
        spec = {"paper": found.name, "experiment": own.name, "seed": seed}
        results.append(journal.Result(folder, spec, status=status))
    for panel in session.shown([showing], results):
        console.print(panel)
    assert "[seed 1] drew" in screen.getvalue()
    assert "seed 2" not in screen.getvalue()
    assert list(session.shown([found], results)) == []
