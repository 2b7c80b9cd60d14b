"""A run that was killed, interrupted or shared out ends with the same bytes as one that was not.

Every run here that is killed or stopped is a real `python -m harness run` in a process group of
its own. What goes on afterwards has all that it knows from the disk, and does so in this process.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import pytest

from harness.record import journal
from harness.record.journal import Result
from harness.run import runner, stop
from harness.trial import CHECKPOINT
from tests.lab.commands import call
from tests.lab.groups import alive
from tests.lab.throwaway import as_found, home, in_process, make_paper  # noqa: F401

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("in_process")]
ROOT = Path(__file__).resolve().parents[1]
STEPS, TURNS, COST = 60, 60, 2  # of the throw-away paper, as these tests set it
ROWS = TURNS // 3 + 1  # a row in every third turn, and one at the end
SLOW = ("--set", f"steps={STEPS}", "--set", "sleep=0.03")  # long enough to be hit in the middle
PATIENCE = 120.0


@pytest.fixture(scope="module")
def paper(tmp_path_factory) -> Path:
    return make_paper(tmp_path_factory.mktemp("papers"), "killed")


@pytest.fixture(scope="module")
def whole(paper, tmp_path_factory) -> dict[int, Result]:
    """What the trials of seeds 0 and 1 measure in this process, one after the other."""
    runs = tmp_path_factory.mktemp("whole")
    for seed in (0, 1):
        folder = home(paper, runs, budget_name="smoke", seed=seed, steps=STEPS, sleep=0.03)
        assert runner.execute(folder).status == "completed"
    return results(runs)


# -- processes ------------------------------------------------------------------------------------


def command(paper: Path, runs: Path, *options: str) -> list[str]:
    fixed = ["--runs", str(runs), "--checkpoint-every", "0", "--no-tracking"]
    return [sys.executable, "-m", "harness", "run", str(paper), *fixed, *options]


def run(paper: Path, runs: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run to the end."""
    line = command(paper, runs, *options)
    return subprocess.run(
        line, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def run_here(paper: Path, runs: Path, *options: str) -> None:
    """Run to the end in this process."""
    assert call(*command(paper, runs, *options)[3:]) == 0


@contextmanager
def started(paper: Path, runs: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Start a run that leads a process group of its own; nothing of it outlives the block.

    It listens to Ctrl-C even where the tests themselves run in a shell's background, which ignores
    it and hands that down.
    """
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    line = command(paper, runs, *options)
    ours = signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(line, cwd=ROOT, start_new_session=True, **pipes) as process:
        signal.signal(signal.SIGINT, ours)
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def until(condition: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert process is None or process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.005)


def rows_on_disk(runs: Path) -> int:
    """Return how many rows the shortest journal below `runs` holds, unfinished as it may be."""
    texts = [(folder / journal.NAME).read_bytes() for folder in journal.find(runs)]
    return min((text.count(b'"kind": "row"') for text in texts), default=0)


def results(runs: Path) -> dict[int, Result]:
    return {r.spec["seed"]: r for r in map(journal.read, journal.find(runs))}


def must_equal(made: Result, whole: Result) -> None:
    """The same rows, byte for byte, and the same charge; only the clock may differ."""
    assert (made.status, made.stopped_by) == ("completed", "length")
    assert journal.measured(made) == journal.measured(whole)
    assert made.total("steps") == whole.total("steps") == TURNS * COST
    assert [phase["turns"] for phase in made.cost.values()] == [TURNS]


def test_an_uninterrupted_run_is_what_was_declared_and_two_jobs_measure_what_one_does(
    paper, whole, tmp_path
):
    done = run(paper, tmp_path, "--seeds", "2", "--jobs", "2", *SLOW)
    assert done.returncode == 0, done.stderr
    made = results(tmp_path)
    assert sorted(made) == sorted(whole) == [0, 1]
    for seed, result in made.items():
        assert result.trial == whole[seed].trial
        assert (result.attempts, result.lost_rows) == (1, 0)
        assert len(result.rows) == ROWS
        must_equal(result, whole[seed])
    assert journal.measured(made[0]) != journal.measured(made[1])


# -- kill -9 --------------------------------------------------------------------------------------


def test_a_run_killed_again_and_again_goes_on_to_the_same_bytes(paper, whole, tmp_path):
    moments = (1, ROWS // 2, ROWS - 5)
    for deaths, rows in enumerate(moments):
        with started(paper, tmp_path, "--seed", "0", *SLOW) as process:
            until(lambda: rows_on_disk(tmp_path) >= rows + deaths, process)  # noqa: B023
            os.killpg(process.pid, signal.SIGKILL)
            assert process.wait(PATIENCE) == -signal.SIGKILL
        (killed,) = results(tmp_path).values()
        assert (killed.status, killed.attempts) == ("running", deaths + 1)
        assert rows <= len(killed.rows) < ROWS
        assert killed.lost_rows <= deaths  # a checkpoint at every turn: the last row, each time
        if deaths > 1:
            assert restored_rows(tmp_path) > 0  # it went on and did not start over
    run_here(paper, tmp_path, "--seed", "0", *SLOW)
    (again,) = results(tmp_path).values()
    must_equal(again, whole[0])
    assert again.attempts == len(moments) + 1
    assert again.lost_rows <= len(moments)
    assert restored_rows(tmp_path) >= moments[-1] - 1


def restored_rows(runs: Path) -> int:
    """Return how many rows stood behind the last checkpoint that a trial was resumed from."""
    (folder,) = journal.find(runs)
    lines = journal.entries(folder / journal.NAME)
    return [entry["rows"] for entry in lines if entry["kind"] == "restored"][-1]


def test_a_run_killed_before_its_first_checkpoint_starts_over(paper, whole, tmp_path):
    options = ("--seed", "0", "--checkpoint-every", "1000", *SLOW)
    with started(paper, tmp_path, *options) as process:
        until(lambda: rows_on_disk(tmp_path) >= 3, process)
        os.killpg(process.pid, signal.SIGKILL)
    lost = len(results(tmp_path)[0].rows)
    run_here(paper, tmp_path, *options)
    (again,) = results(tmp_path).values()
    must_equal(again, whole[0])
    assert again.lost_rows == lost
    assert restored_rows(tmp_path) == 0


# -- kill -9 of the parent alone ------------------------------------------------------------------


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="who is alive is read from /proc")
def test_workers_whose_parent_dies_save_and_end_and_the_same_command_goes_on(
    paper, whole, tmp_path
):
    options = ("--seeds", "2", "--jobs", "2", "--checkpoint-every", "1000", *SLOW)
    with started(paper, tmp_path, *options) as process:
        until(lambda: len(journal.find(tmp_path)) == 2, process)
        until(lambda: rows_on_disk(tmp_path) >= 3, process)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait(PATIENCE) == -signal.SIGKILL
        until(lambda: not alive(process.pid))  # neither workers nor the helper of their queue
    for result in results(tmp_path).values():
        assert (result.status, result.lost_rows) == ("stopped", 0)
        assert 0 < len(result.rows) < ROWS
        assert (result.folder / CHECKPOINT).exists()
    run_here(paper, tmp_path, *options)
    for seed, again in results(tmp_path).items():
        must_equal(again, whole[seed])
        assert (again.attempts, again.lost_rows) == (2, 0)


# -- Ctrl-C and SIGTERM ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name
)
def test_a_run_that_is_asked_to_stop_saves_and_says_how_to_go_on(paper, whole, tmp_path, number):
    """Ctrl-C and the end of a terminal reach the whole group, SIGTERM the parent alone."""
    options = ("--seeds", "2", "--jobs", "2", "--checkpoint-every", "1000", *SLOW)
    with started(paper, tmp_path, *options) as process:
        until(lambda: len(journal.find(tmp_path)) == 2, process)
        until(lambda: rows_on_disk(tmp_path) >= 2, process)
        (os.kill if number == signal.SIGTERM else os.killpg)(process.pid, number)
        said, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 130, said
        until(lambda: not alive(process.pid))
    assert "everything is saved" in said
    assert "the same command goes on" in said
    assert "Traceback" not in said
    assert "leaked" not in said  # so says the helper of the workers' queue of what it finds
    stopped = {seed: result.status for seed, result in results(tmp_path).items()}
    assert "stopped" in stopped.values(), stopped
    saved = {seed: len(result.rows) for seed, result in results(tmp_path).items()}
    run_here(paper, tmp_path, *options)
    for seed, again in results(tmp_path).items():
        must_equal(again, whole[seed])
        if stopped[seed] == "stopped":
            assert (again.attempts, again.lost_rows) == (2, 0)
            assert 0 < saved[seed] < ROWS
    assert sorted(results(tmp_path)) == [0, 1]


def test_the_third_ctrl_c_leaves_at_once_and_leaves_no_worker(paper, tmp_path):
    """Trials are in a turn that outlasts every patience; the command answers all the same."""
    options = ("--seeds", "2", "--jobs", "2", "--set", "sleep=600")
    with started(paper, tmp_path, *options) as process:
        until(lambda: len(journal.find(tmp_path)) == 2, process)
        for said in (stop.STOPPING, stop.STILL, stop.LEFT):
            assert process.poll() is None
            os.killpg(process.pid, signal.SIGINT)
            assert process.stdout is not None
            until_line(process.stdout, said)
        rest, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == stop.STATUS, rest
        until(lambda: not alive(process.pid))
    assert "Traceback" not in rest


def until_line(stream: IO[str], wanted: str) -> None:
    """Read until a line; what a process says before it is no traceback."""
    while (line := stream.readline()).strip() != wanted:
        assert line, f"it never said '{wanted}'"
        assert "Traceback" not in line


# -- two processes --------------------------------------------------------------------------------


def test_a_second_process_on_the_same_trial_is_refused_and_the_first_goes_on(
    paper, whole, tmp_path
):
    options = ("--seed", "0", *SLOW)
    with started(paper, tmp_path, *options) as first:
        until(lambda: rows_on_disk(tmp_path) >= 1, first)
        second = run(paper, tmp_path, *options)
        assert second.returncode == 2
        assert second.stderr.startswith("error: ")
        assert second.stderr.count("\n") == 1
        (folder,) = journal.find(tmp_path)
        assert f"{(folder / 'lock').read_text()} is running this trial" in second.stderr
        assert first.poll() is None
        said, _ = first.communicate(timeout=PATIENCE)
        assert first.returncode == 0, said
    must_equal(results(tmp_path)[0], whole[0])
    assert results(tmp_path)[0].attempts == 1


# -- the same seed --------------------------------------------------------------------------------


def test_the_benchmark_measures_the_same_again_and_with_two_jobs(tmp_path):
    options = ("--experiment", "benchmark/mlp", "--budget", "check", "--seeds", "2")
    benchmark = ROOT / "papers" / "mnist1d"
    run_here(benchmark, tmp_path / "1", *options)
    done = run(benchmark, tmp_path / "2", *options, "--jobs", "2")
    assert done.returncode == 0, done.stderr
    one, two = results(tmp_path / "1"), results(tmp_path / "2")
    assert sorted(one) == sorted(two) == [0, 1]
    assert {result.status for result in (*one.values(), *two.values())} == {"completed"}
    finals = json.dumps([row["values"] for row in one[0].finals])
    assert "test_accuracy" in finals
    assert journal.measured(one[0]) != journal.measured(one[1])
    for seed in (0, 1):
        assert two[seed].trial == one[seed].trial
        assert journal.measured(two[seed]) == journal.measured(one[seed])
        assert two[seed].total("steps") == one[seed].total("steps") > 0
