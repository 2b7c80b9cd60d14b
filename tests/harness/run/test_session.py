"""One run from its trials to their results: what was complete, what is read, what nobody told."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console

from harness.paper import Refused
from harness.plan.specs import Spec
from harness.record import journal
from harness.run import cluster, session
from harness.run.home import locked
from harness.run.launch import Machine
from harness.run.runner import Outcome
from harness.run.watch import ended
from tests.lab.throwaway import home, make_paper, spec_for


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def console(screen: io.StringIO) -> Console:
    return Console(file=screen, width=150)


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    return make_paper(tmp_path)


@pytest.fixture
def folder(paper: Path, tmp_path: Path) -> Path:
    """Return the folder of a trial that waits."""
    return home(paper, tmp_path / "runs")


def end(folder: Path, spec: Spec) -> None:
    """Write the journal of a trial of three rows and two members."""
    cost = {"train": {"turns": 3, "steps": 6, "seconds": 0.5, "flops": 0.0}}
    written = journal.Journal(folder)
    written.append("start", spec=vars(spec), provenance={})
    for index in range(6):
        stamp = {"index": index, "turn": index // 2, "steps": index, "seconds": 0.1, "flops": 0.0}
        values = {"loss": float(index), "member": index % 2}
        written.append("row", phase="train", values=values, **stamp)
    written.append("end", status="completed", stopped_by="length", error="", cost=cost)
    written.close()


def test_an_end_that_no_journal_tells_is_printed_with_its_reason(paper, tmp_path, console, screen):
    def start(folders, host, pace, watch):
        return {each: Outcome("refused", "process 7 is running this trial") for each in folders}

    folder = home(paper, tmp_path / "runs")
    trials = session.Trials({folder: Spec.read(folder)})
    (result,) = session.conduct(trials, Machine(1), session.Site(folder), start, console)
    assert (result.status, result.spec["experiment"]) == ("refused", "fit")
    assert "failed fit seed 0" in screen.getvalue()
    assert "process 7 is running this trial" in screen.getvalue()


@pytest.mark.parametrize(("jobs", "workers"), [(1, 1), (2, 2), (8, 3)])
def test_a_run_says_how_its_trials_share_the_machine(
    paper, tmp_path, console, screen, jobs, workers
):
    folders = [home(paper, tmp_path / "runs", seed=seed) for seed in (0, 1, 2)]
    trials = session.Trials({folder: Spec.read(folder) for folder in folders})

    def start(folders, host, pace, watch):
        return {each: Outcome("refused", "no reason") for each in folders}

    session.conduct(trials, Machine(jobs), session.Site(tmp_path), start, console)
    assert f"trials to run: 3; workers x threads: {workers} x 1" in screen.getvalue()


def test_a_trial_that_did_not_stop_in_time_is_not_said_to_be_saved(paper, tmp_path, console):
    runs = tmp_path / "runs"
    folders = [home(paper, runs, seed=seed) for seed in (0, 1, 2)]

    def start(folders, host, pace, watch):
        for folder in folders[:2]:
            book = journal.Journal(folder)
            book.append("start", spec={"experiment": "fit", "seed": 0}, provenance={})
            if folder == folders[0]:
                book.append("end", status="stopped", stopped_by="stopped", error="", cost={})
            book.close()
        raise KeyboardInterrupt  # the second was killed in its turn, the third had not begun

    trials = session.Trials({folder: Spec.read(folder) for folder in folders})
    site = session.Site(runs, tracking=False)
    with pytest.raises(KeyboardInterrupt) as asked:
        session.conduct(trials, Machine(1), site, start, console)
    assert asked.value.args == ("fit seed 1",)


def test_every_journal_is_read_once_and_only_last_rows_are_kept(
    paper, tmp_path, console, monkeypatch
):
    """One trial is complete before, one ends in this run."""
    specs = [spec_for(paper, seed=seed) for seed in (0, 1)]
    before, now = (spec.home(tmp_path / "runs") for spec in specs)
    session.prepare(specs, tmp_path / "runs")
    end(before, specs[0])
    opened: Counter[Path] = Counter()
    real = journal.read
    monkeypatch.setattr(journal, "read", lambda folder: opened.update([folder]) or real(folder))

    def start(folders, host, pace, watch):
        assert folders == [now]
        end(now, specs[1])
        watch()
        return {now: Outcome("completed")}

    trials = session.prepare(specs, tmp_path / "runs")
    site = session.Site(tmp_path / "runs", tracking=False)
    results = session.conduct(trials, Machine(1), site, start, console)
    assert opened == {before: 1, now: 1}
    assert [result.folder for result in results] == [before, now]
    for result in results:
        assert result.status == "completed"
        assert result.finals == real(result.folder).finals
        assert [row["index"] for row in result.rows] == [4, 5]


def test_a_file_in_the_place_of_a_folder_is_refused(paper, tmp_path):
    spec = spec_for(paper)
    place = spec.home(tmp_path / "runs")
    place.parent.mkdir(parents=True)
    place.touch()
    with pytest.raises(session.Refused, match=r"cannot be written \(File exists\)"):
        session.prepare([spec], tmp_path / "runs")


# -- trials of a cluster --------------------------------------------------------------------------


def test_what_slurm_is_asked_for_needs_slurm(tmp_path):
    with pytest.raises(Refused, match="--slurm mem=4G: only together with --launcher slurm"):
        session.Site(tmp_path, slurm=["mem=4G"])
    assert session.Site(tmp_path, launcher="slurm", slurm=["mem=4G"]).slurm == ["mem=4G"]


def test_a_trial_that_a_job_runs_is_left_to_it_and_to_no_other_process(folder, tmp_path):
    spec = Spec.read(folder)
    (place,) = session.prepare([spec], tmp_path / "runs", queued=True).specs
    with locked(place):
        with pytest.raises(Refused, match="is running this trial"):
            session.prepare([spec], tmp_path / "runs", queued=True)
        cluster.note(place, "12_3", "/logs/12_3_0_log.out")
        assert list(session.prepare([spec], tmp_path / "runs", queued=True).specs) == [place]
        for options in ({"queued": False}, {"queued": True, "fresh": True}):
            with pytest.raises(Refused, match="is running this trial"):
                session.prepare([spec], tmp_path / "runs", **options)
    assert cluster.log_of(place) == "/logs/12_3_0_log.out"
    session.prepare([spec], tmp_path / "runs")
    assert cluster.log_of(place) == ""


def test_a_failure_names_the_log_of_its_job(folder):
    cluster.note(folder, "12_3", "/logs/12_3_0_log.out")
    failed = journal.Result(
        folder, {"experiment": "fit", "seed": 0}, status="failed", error="RuntimeError: no"
    )
    assert ended(failed).endswith("; RuntimeError: no; log: /logs/12_3_0_log.out")
    done = journal.Result(folder, {"experiment": "fit", "seed": 0}, status="completed")
    assert "log" not in ended(done)
