"""What is shown of the end of trials: each end once, and none of an earlier attempt."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from harness.plan.specs import Spec
from harness.record import journal
from harness.run import session
from harness.run.launch import Machine
from harness.run.progress import Bars
from harness.run.runner import Outcome
from tests.lab.throwaway import home, make_paper

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
    ends = session.Ends({folder: session.journal_size(folder)})
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


def test_a_cut_is_told_with_its_reason(folder):
    text = "its guard of 60 s stopped it"
    cut = journal.Result(folder, START["spec"], status="cut", error=text)
    assert session.ended(cut) == f"[yellow]cut[/] fit seed 0: 0 steps, 0 s; {text}"


def test_an_end_that_no_journal_tells_is_printed_with_its_reason(folder, console, screen):
    def start(folders, host, pace, watch):
        return {each: Outcome("refused", "process 7 is running this trial") for each in folders}

    trials = {folder: Spec.read(folder)}
    (result,) = session.conduct(trials, Machine(1), session.Site(folder), start, console)
    assert (result.status, result.spec["experiment"]) == ("refused", "fit")
    assert "failed fit seed 0" in screen.getvalue()
    assert "process 7 is running this trial" in screen.getvalue()
