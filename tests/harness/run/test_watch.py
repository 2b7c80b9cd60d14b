"""What is shown of trials that run: each end once, at a cost that the rest does not raise."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console

from harness.plan.specs import Spec
from harness.record import journal
from harness.run import progress, watch
from harness.run.home import HEARTBEAT
from harness.run.progress import Bars
from harness.run.watch import AHEAD, Ends, ended, journal_size
from tests.lab.throwaway import home, make_paper, spec_for

START = {"spec": {"experiment": "fit", "seed": 0}, "provenance": {}}
END = {"status": "stopped", "stopped_by": "stopped", "error": "", "cost": {}}
BEAT = '{"phase": "a", "turn": 1, "horizon": 2, "steps": 1, "seconds": 1.0, "metrics": {}}'


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def console(screen: io.StringIO) -> Console:
    return Console(file=screen, width=150)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return home(make_paper(tmp_path), tmp_path / "runs")


@pytest.fixture
def crowd(tmp_path: Path) -> dict[Path, Spec]:
    """Two thousand trials that wait; folders are there, and nothing in them."""
    spec = spec_for(make_paper(tmp_path))
    folders = [tmp_path / "runs" / str(number) for number in range(2000)]
    for each in folders:
        each.mkdir(parents=True)
    return dict.fromkeys(folders, spec)


def begin(folder: Path, *statuses: str) -> None:
    """Write the journal of a trial that has begun, and ended so often."""
    written = journal.Journal(folder)
    written.append("start", **START)
    for status in statuses:
        written.append("end", **{**END, "status": status})
    written.close()


def watched(trials: dict[Path, Spec], console: Console) -> tuple[Ends, Bars]:
    return Ends(dict.fromkeys(trials, 0)), Bars(console, trials)


def test_an_end_of_an_earlier_attempt_is_not_shown_again(folder, console, screen):
    written = journal.Journal(folder)
    written.append("start", **START)
    written.append("end", **END)
    bars = Bars(console, {folder: Spec.read(folder)})
    ends = Ends({folder: journal_size(folder)})
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
    assert ended(cut) == f"[yellow]cut[/] fit seed 0: 0 steps, 0 s; {text}"


def test_what_began_again_after_its_end_is_read_anew(folder, console):
    ends, bars = watched({folder: Spec.read(folder)}, console)
    begin(folder, "failed")
    ends.show(bars)
    told = ends.result(folder)
    assert told is not None
    assert told.status == "failed"
    begin(folder, "completed")
    assert ends.result(folder) is None


def test_an_end_behind_more_than_a_tail_is_seen(folder, console):
    ends, bars = watched({folder: Spec.read(folder)}, console)
    cost = {f"phase{number}": {"steps": 1, "seconds": 0.5} for number in range(watch.TAIL // 8)}
    written = journal.Journal(folder)
    written.append("start", **START)
    written.append("end", **{**END, "cost": cost})
    written.close()
    ends.show(bars)
    assert not ends.sizes


def test_a_look_at_a_crowd_opens_what_runs_and_a_few_that_wait(crowd, console, monkeypatch):
    """Neither those that wait nor those that ended are looked at, however many there are."""
    ends, bars = watched(crowd, console)
    folders = list(crowd)
    for each in folders[:8]:
        begin(each, "completed")
    for each in folders[8:10]:
        begin(each)
    ends.show(bars)
    looked: Counter[Path] = Counter()
    real = watch.journal_size
    monkeypatch.setattr(
        watch, "journal_size", lambda folder: looked.update([folder]) or real(folder)
    )
    ends.show(bars)
    assert set(ends.running) == set(folders[8:10]) < set(looked)
    assert not looked.keys() & set(folders[:8])
    assert looked.total() <= 2 * AHEAD + 2


def test_a_trial_that_begins_out_of_turn_is_found_in_time(crowd, console):
    ends, bars = watched(crowd, console)
    begin(list(crowd)[-1])
    for _ in range(len(crowd) // AHEAD + 2):
        ends.show(bars)
    assert list(ends.running) == [list(crowd)[-1]]


def test_the_last_look_leaves_out_nobody(crowd, console, screen):
    ends, bars = watched(crowd, console)
    for each in list(crowd)[::400]:
        begin(each, "completed")
    ends.show(bars, everyone=True)
    assert screen.getvalue().count("done fit seed 0") == 5
    assert len(ends.sizes) == len(crowd) - 5


def test_bars_are_few_and_only_of_what_runs(crowd, console, monkeypatch):
    monkeypatch.setattr(progress, "MOST", 3)
    bars = Bars(console, crowd)
    folders = list(crowd)
    for each in folders[:8]:
        (each / HEARTBEAT).write_text(BEAT)
    bars.refresh(folders[:5])
    every, *shown = bars.progress.tasks
    assert [task.completed for task in shown] == [0.5] * 3
    assert every.completed == 5 * 0.5 * 0.5  # half of each of five, and each weighs half a second
    bars.finish(folders[0], "ended")
    bars.refresh(folders[1:5])
    every, *shown = bars.progress.tasks
    assert len(shown) == 3
    assert every.completed == 0.5 + 4 * 0.5 * 0.5
    assert every.fields["state"].startswith("1/2000 trials")
