"""`stop`: trials save and leave, their neighbours go on, and the same `run` goes on with them."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.paper import Refused
from harness.record import journal
from harness.run import runner
from harness.run.home import locked, stop_asked
from harness.run.slurm import launcher as slurm
from harness.run.state import survey
from harness.trial import Pace
from tests.lab.commands import call
from tests.lab.running import ended, started, until
from tests.lab.throwaway import as_found, home, make_paper  # noqa: F401

pytestmark = pytest.mark.usefixtures("as_found")
SLOW = {"steps": 120, "sleep": 0.02}
OPTIONS = ("--set", "steps=120", "--set", "sleep=0.02")


@pytest.fixture(autouse=True)
def wide(monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    return make_paper(tmp_path)


@contextmanager
def held_until_asked(folder: Path, then: Callable[[], object]) -> Iterator[None]:
    """Hold a trial's lock from another thread until somebody asks for its end."""
    holds = threading.Event()

    def hold() -> None:
        with locked(folder):
            holds.set()
            while not stop_asked(folder):
                time.sleep(0.01)
        then()

    thread = threading.Thread(target=hold)
    thread.start()
    assert holds.wait(10)
    yield
    thread.join()


# -- what is asked, and what is said --------------------------------------------------------------


def test_a_running_trial_is_asked_and_those_that_wait_are_too(paper, tmp_path, capsys):
    runs = tmp_path / "runs"
    one, two, done = (home(paper, runs, seed=seed) for seed in range(3))
    assert runner.execute(done).status == "completed"
    with held_until_asked(one, lambda: None):
        assert call("stop", paper, "--runs", runs) == 0
    said = capsys.readouterr().out
    assert f"asked {paper.name}: fit seed 0, check" in said
    assert f": process {os.getpid()} on {socket.gethostname()}\n" in said
    assert "1 more will not begin in that run" in said
    assert "stopped" in said.splitlines()[2]
    assert "before it began" in said
    assert "the same `run` goes on" in said
    assert [stop_asked(folder) for folder in (one, two, done)] == [True, True, False]


def test_one_trial_is_named_by_its_id_and_no_other_is_asked(paper, tmp_path, capsys):
    runs = tmp_path / "runs"
    one, two = (home(paper, runs, seed=seed) for seed in (0, 1))
    with held_until_asked(two, lambda: None):
        assert call("stop", two.name.partition("-")[2], "--runs", runs) == 0
    assert [stop_asked(folder) for folder in (one, two)] == [False, True]
    assert "will not begin" not in capsys.readouterr().out


def test_what_does_not_save_within_the_patience_is_named_with_its_process(paper, tmp_path, capsys):
    folder = home(paper, tmp_path / "runs")
    with locked(folder):
        assert call("stop", "--all", "--patience", "0", "--runs", tmp_path / "runs") == 1
    said = capsys.readouterr().out
    assert f"runs still: {paper.name}: fit seed 0" in said
    assert said.count(f"process {os.getpid()} on {socket.gethostname()}") == 2


def test_a_lock_that_a_dead_process_left_is_nobody_to_stop(paper, tmp_path, capsys):
    """Its number may be another process's by now: this one's."""
    folder = home(paper, tmp_path / "runs")
    runner.execute(folder, Pace(1e9, 0.0, stop_after=3))
    (folder / "lock").write_text(f"process {os.getpid()} on {socket.gethostname()}")
    assert call("stop", "--all", "--runs", tmp_path / "runs") == 0
    assert "nothing of that runs" in capsys.readouterr().out
    assert not stop_asked(folder)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "name papers or trials, or say --all"),
        (("--all", "x"), "name papers or trials, or say --all"),
        (("0123456789",), "no trial, no paper's folder; did you mean"),
        (("--all", "--patience", "-1"), "--patience -1: must be at least 0"),
        (("--all", "--patience", "nan"), "--patience nan: must be at least 0"),
        (("--all", "--budget", "nightli"), "did you mean 'nightly'"),
    ],
)
def test_what_is_not_meant_is_refused_in_one_line(paper, tmp_path, capsys, arguments, reason):
    folder = home(paper, tmp_path / "runs")
    folder.rename(folder.with_name("seed0-0123456788"))
    spec = folder.with_name("seed0-0123456788") / "spec.json"
    text = spec.read_text().replace(folder.name.partition("-")[2], "0123456788")
    spec.write_text(text)
    assert call("stop", *arguments, "--runs", tmp_path / "runs") == 2
    said = capsys.readouterr().err
    assert reason in said
    assert said.count("\n") == 1


# -- real runs ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def slow_paper(tmp_path_factory) -> Path:
    return make_paper(tmp_path_factory.mktemp("papers"))


@pytest.fixture(scope="module")
def whole(slow_paper, tmp_path_factory) -> dict[int, list[str]]:
    """What undisturbed trials measure, by seed."""
    runs = tmp_path_factory.mktemp("whole")
    for seed in range(3):
        config = {**SLOW, "sleep": 0.0}
        assert runner.execute(home(slow_paper, runs, "fit", seed=seed, **config)).status
    return rows(runs)


def rows(runs: Path) -> dict[int, list[str]]:
    results = map(journal.read, journal.find(runs))
    return {result.spec["seed"]: journal.measured(result) for result in results}


def states(runs: Path) -> dict[int, str]:
    return {each.spec["seed"]: each.word for each in survey(runs)}


def beating(runs: Path, count: int) -> Callable[[], bool]:
    return lambda: len(list(runs.rglob("heartbeat.json"))) == count


@pytest.mark.slow
def test_one_of_two_trials_stops_and_goes_on_to_the_same_rows(slow_paper, whole, tmp_path, capsys):
    options = ("--budget", "check", "--seeds", "2", "--jobs", "2", *OPTIONS)
    with started(slow_paper, tmp_path, *options) as process:
        until(beating(tmp_path, 2), process)
        (first,) = (each for each in survey(tmp_path) if each.spec["seed"] == 0)
        assert call("stop", first.trial, "--runs", tmp_path) == 0
        assert "stopped fit seed 0, " in capsys.readouterr().out
        code, said = ended(process)
    assert code == 130, said
    assert "the same command goes on" in said
    assert states(tmp_path) == {0: "stopped", 1: "completed"}
    with started(slow_paper, tmp_path, *options) as process:
        assert ended(process)[0] == 0
    assert rows(tmp_path) == {seed: whole[seed] for seed in (0, 1)}
    resumed = {r.spec["seed"]: r for r in map(journal.read, journal.find(tmp_path))}
    assert [resumed[seed].attempts for seed in (0, 1)] == [2, 1]
    assert resumed[0].lost_rows == 0


@pytest.mark.slow
def test_a_whole_run_stops_and_goes_on_to_the_same_rows(slow_paper, whole, tmp_path, capsys):
    options = ("--budget", "check", "--seeds", "3", "--jobs", "1", *OPTIONS)
    with started(slow_paper, tmp_path, *options) as process:
        until(beating(tmp_path, 1), process)
        assert call("stop", "--all", "--runs", tmp_path) == 0
        assert "2 more will not begin in that run" in capsys.readouterr().out
        code, said = ended(process)
    assert code == 130, said
    assert states(tmp_path) == {0: "stopped", 1: "waits", 2: "waits"}
    with started(slow_paper, tmp_path, *options) as process:
        assert ended(process)[0] == 0
    assert rows(tmp_path) == whole


# -- SLURM's queue -------------------------------------------------------------------------------


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Path]]:
    """What waits in SLURM's queue, and what was cancelled there."""
    known: dict[str, list[Path]] = {"waits": [], "cancelled": []}

    def cancel(folders: list[Path], runs: Path) -> list[Path]:
        known["cancelled"] += folders
        return folders

    monkeypatch.setattr(slurm, "jobs", lambda runs: dict.fromkeys(known["waits"]))
    monkeypatch.setattr(slurm, "cancel", cancel)
    return known


def test_jobs_that_wait_in_the_queue_are_cancelled_and_no_others(paper, tmp_path, queue, capsys):
    runs = tmp_path / "runs"
    one, two, three = (home(paper, runs, seed=seed) for seed in range(3))
    queue["waits"] += [one, two, three]
    with held_until_asked(one, lambda: None):  # it saves by itself: nothing kills it meanwhile
        assert call("stop", paper, "--runs", runs) == 0
    assert sorted(queue["cancelled"]) == sorted([two, three])
    assert "2 jobs are taken out of SLURM's queue" in capsys.readouterr().out
    queue["cancelled"].clear()
    assert call("stop", three.name.partition("-")[2], "--runs", runs) == 0  # nothing runs now
    assert queue["cancelled"] == [three]


def test_a_controller_that_is_down_keeps_no_running_trial_from_its_end(
    paper, tmp_path, monkeypatch, capsys
):
    def down(runs: Path) -> None:
        raise Refused("SLURM does not answer (no route)")

    monkeypatch.setattr(slurm, "jobs", down)
    folder = home(paper, tmp_path / "runs")
    assert call("stop", "--all", "--runs", tmp_path / "runs") == 2
    assert "SLURM does not answer" in capsys.readouterr().err
    with held_until_asked(folder, lambda: None):
        assert call("stop", "--all", "--runs", tmp_path / "runs") == 0
    said = capsys.readouterr().out
    assert "SLURM does not answer (no route): what waits in its queue stays there" in said
    assert "asked " in said
