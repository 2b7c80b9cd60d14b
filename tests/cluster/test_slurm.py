"""Trials on a real SLURM of one node, which these tests start, kill and take down again.

Every run is a real `python -m harness run` in a process group of its own.
"""

from __future__ import annotations

import json
import os
import pickle
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from harness.record import journal
from harness.record.journal import Result
from harness.run import runner
from harness.run.home import LOCK
from harness.run.runner import Outcome
from harness.run.slurm import batch
from harness.run.slurm import launcher as slurm
from tests.lab.slurm import Cluster, missing, running
from tests.lab.throwaway import as_found, home, make_paper  # noqa: F401

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 240.0
LONG = ("--set", "steps=120", "--set", "sleep=0.15")  # 18 s: long enough to be hit in the middle

pytestmark = [
    pytest.mark.slurm,
    pytest.mark.usefixtures("as_found"),
    pytest.mark.skipif(bool(missing()), reason=f"not installed: {', '.join(missing())}"),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    pytest.importorskip("submitit")
    with running(cores=4) as one:
        yield one


@pytest.fixture(scope="module")
def paper(tmp_path_factory) -> Path:
    return make_paper(tmp_path_factory.mktemp("papers"), "queued")


@pytest.fixture(scope="module")
def whole(paper, tmp_path_factory) -> dict[int, list[str]]:
    """What the trials of seeds 0 and 1 measure in this process."""
    runs = tmp_path_factory.mktemp("whole")
    measured = {}
    for seed in (0, 1):
        folder = home(paper, runs, budget_name="smoke", seed=seed, steps=120, sleep=0.15)
        spec = json.loads((folder / "spec.json").read_text())
        spec["config"]["sleep"] = 0.0  # which changes no row
        (folder / "spec.json").write_text(json.dumps(spec))
        assert runner.execute(folder).status == "completed"
        measured[seed] = journal.measured(journal.read(folder))
    return measured


# -- runs -----------------------------------------------------------------------------------------


def command(paper: Path, runs: Path, *options: str) -> list[str]:
    fixed = ["--runs", str(runs), "--no-tracking", "--checkpoint-every", "0"]
    line = [sys.executable, "-m", "harness", "run", str(paper), *fixed, "--launcher", "slurm"]
    return [*line, *options]


@contextmanager
def started(cluster: Cluster, paper: Path, runs: Path, *options: str) -> Iterator[Run]:
    """Start a run in a process group of its own, which does not outlive the block."""
    log = runs.parent / f"{time.monotonic_ns()}.log"
    ours = signal.signal(signal.SIGINT, signal.default_int_handler)
    with log.open("w") as handle:
        process = subprocess.Popen(
            command(paper, runs, *options),
            cwd=ROOT,
            env={**cluster.environment, "COLUMNS": "500"},
            stdout=handle,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    signal.signal(signal.SIGINT, ours)
    try:
        yield Run(process, log)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Run:
    """A run that was started: its process and what it printed."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process, self._log = process, log

    @property
    def text(self) -> str:
        return self._log.read_text()

    def ends(self, status: int) -> str:
        """Wait for the end; return what was printed."""
        assert self.process.wait(PATIENCE) == status, self.text
        assert "Traceback" not in self.text
        return self.text

    def says(self, words: str) -> None:
        until(lambda: words in self.text, lambda: f"'{words}' is not in:\n{self.text}")


def until(reached: Callable[[], bool], why: Callable[[], str] = lambda: "") -> None:
    end = time.monotonic() + PATIENCE
    while not reached():
        if time.monotonic() > end:
            pytest.fail(why())
        time.sleep(0.1)


def results(runs: Path) -> dict[int, Result]:
    found, problems = journal.read_all(runs)
    assert problems == []
    return {int(result.spec["seed"]): result for result in found}


def rows(runs: Path) -> int:
    """How many rows all trials have, whatever a reader of a file in motion sees."""
    return sum(path.read_text().count('"kind": "row"') for path in runs.rglob(journal.NAME))


def each_has(runs: Path, count: int, trials: int = 2) -> bool:
    """Tell whether so many trials have so many rows."""
    paths = list(runs.rglob(journal.NAME))
    rows = [path.read_text(encoding="utf-8").count('"kind": "row"') for path in paths]
    return len(rows) == trials and min(rows) >= count


def numbers(cluster: Cluster, *options: str) -> list[str]:
    return cluster.ask("squeue", "--noheader", "--array", "--format=%i", *options).split()


@pytest.fixture(autouse=True)
def nothing_left(cluster: Cluster) -> Iterator[None]:
    yield
    cluster.ask("scancel", "--signal=KILL", "--full", "--state=RUNNING", "--user=" + _user())
    cluster.ask("scancel", "--user=" + _user())
    until(lambda: numbers(cluster) == [])


def _user() -> str:
    return str(os.getuid())


# -- what a user sees -----------------------------------------------------------------------------


def test_trials_measure_the_same_as_on_this_machine(cluster, paper, whole, tmp_path):
    runs = tmp_path / "runs"
    options = ("--seeds", "2", *LONG, "--slurm", "partition=short", "--slurm", "comment=a b")
    with started(cluster, paper, runs, *options) as run:
        until(lambda: rows(runs) >= 4)
        (lock, *_) = runs.rglob(LOCK)
        (array,) = {number.partition("_")[0] for number in numbers(cluster, "--partition=short")}
        assert re.fullmatch(rf"process \d+ on \S+, job {array}_[01]", lock.read_text())
        text = run.ends(0)
    assert f"2 trials are submitted to SLURM: job {array}; logs:" in text
    assert text.count("done fit seed") == 2
    for seed, measured in whole.items():
        assert journal.measured(results(runs)[seed]) == measured
    assert batch.open_batches(runs) == []


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        ("partitoin=main", "sbatch has no flag 'partitoin'; did you mean 'partition'?"),
        ("partition=nowhere", "invalid partition specified: nowhere"),
        ("mem=plenty", "Invalid --mem specification"),
        ("gres=gpu:1", "Invalid generic resource (gres) specification"),
    ],
)
def test_nonsense_is_refused_before_any_work(cluster, paper, tmp_path, flag, words):
    with started(cluster, paper, tmp_path / "runs", "--slurm", flag) as run:
        text = run.ends(2)
    assert words in text
    assert len(text.strip().splitlines()) == 1
    assert not (tmp_path / "runs").exists()


def test_a_failed_job_is_told_with_reason_and_log(cluster, paper, tmp_path):
    runs = tmp_path / "runs"
    with started(cluster, paper, runs, "--set", "fail_at=5") as run:
        text = run.ends(1)
    told = r"failed fit seed 0: .* RuntimeError: this turn fails \(method.py:\d+\); log: (\S+)"
    assert Path(re.search(told, text)[1]).is_file()
    with started(cluster, paper, runs, "--set", "kill_at=5") as run:
        text = run.ends(1)
    told = r"failed fit seed 0: .* job \d+: FAILED \(NonZeroExitCode\): .*[Kk]illed.*; log: (\S+)"
    assert Path(re.search(told, text)[1]).is_file(), text


def test_jobs_that_someone_cancels_save_and_the_same_command_goes_on(
    cluster, paper, whole, tmp_path
):
    runs, options = tmp_path / "runs", ("--seeds", "2", *LONG)
    with started(cluster, paper, runs, *options) as run:
        until(lambda: each_has(runs, 2))
        cluster.ask("scancel", *numbers(cluster))
        run.process.wait(PATIENCE)
        assert "stopped fit seed 0" in run.text
    assert {result.status for result in results(runs).values()} == {"stopped"}
    goes_on(cluster, paper, runs, options, whole)


def goes_on(cluster: Cluster, paper: Path, runs: Path, options, whole: Mapping) -> None:
    with started(cluster, paper, runs, *options) as run:
        run.ends(0)
    for seed, measured in whole.items():
        result = results(runs)[seed]
        assert journal.measured(result) == measured
        assert (result.attempts, result.lost_rows) == (2, 0)


def test_ctrl_c_cancels_the_jobs_which_save(cluster, paper, whole, tmp_path):
    runs, options = tmp_path / "runs", ("--seeds", "2", *LONG)
    with started(cluster, paper, runs, *options) as run:
        until(lambda: each_has(runs, 2))
        run.process.send_signal(signal.SIGINT)
        text = run.ends(130)
    assert "2 trials are cancelled in SLURM; what runs saves first" in text
    assert numbers(cluster) == []
    assert {result.status for result in results(runs).values()} == {"stopped"}
    goes_on(cluster, paper, runs, options, whole)


def test_trials_are_cancelled_from_another_process(cluster, paper, tmp_path, monkeypatch):
    """What `stop` needs: which trials have jobs, and to cancel one of them that only waits."""
    monkeypatch.setenv("SLURM_CONF", str(cluster.conf))
    runs = tmp_path / "runs"
    options = ("--seeds", "2", "--jobs", "1", *LONG)
    with started(cluster, paper, runs, *options) as run:
        until(lambda: rows(runs) >= 1)
        jobs = slurm.jobs(runs)
        assert sorted(job.state for job in jobs.values()) == ["PENDING", "RUNNING"]
        (waiting,) = [folder for folder, job in jobs.items() if job.state == "PENDING"]
        assert slurm.cancel([waiting], runs) == [waiting]
        run.process.wait(PATIENCE)
        assert re.search(rf"stopped {_name(waiting)}: .* job \d+_1: CANCELLED\n", run.text), (
            run.text
        )
    assert [result.status for result in results(runs).values()] == ["completed"]


def _name(folder: Path) -> str:
    return f"fit {folder.name.partition('-')[0].replace('seed', 'seed ')}"


# -- what breaks ----------------------------------------------------------------------------------


def test_a_controller_that_is_away_is_one_line_and_waited_for(cluster, paper, whole, tmp_path):
    """It is away at submission, and again while jobs run, which go on by themselves."""
    runs = tmp_path / "runs"
    cluster.kill_controller()
    with started(cluster, paper, runs, "--seeds", "2", *LONG) as run:
        run.says("SLURM does not answer")
        cluster.start_controller()
        run.says("SLURM answers again")
        until(lambda: rows(runs) >= 4)
        cluster.kill_controller()
        before = rows(runs)
        until(lambda: rows(runs) > before)
        until(lambda: run.text.count("SLURM does not answer") == 2)
        cluster.start_controller()
        text = run.ends(0)
    assert text.count("SLURM does not answer") == 2
    for seed, measured in whole.items():
        result = results(runs)[seed]
        assert journal.measured(result) == measured
        assert result.attempts == 1


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
def test_jobs_of_a_killed_command_are_found_and_not_submitted_twice(
    cluster, paper, whole, tmp_path, number
):
    """Its machine died, or the terminal closed."""
    runs, options = tmp_path / "runs", ("--seeds", "2", "--jobs", "1", *LONG)
    with started(cluster, paper, runs, *options) as run:
        until(lambda: rows(runs) >= 4)
        run.process.send_signal(number)
        run.process.wait(PATIENCE)
    before = numbers(cluster)
    assert len(before) == 2
    with started(cluster, paper, runs, *options) as run:
        run.says("2 trials are in SLURM's queue already")
        assert set(numbers(cluster)) <= set(before)
        text = run.ends(0)
    assert "submitted" not in text
    for seed, measured in whole.items():
        result = results(runs)[seed]
        assert journal.measured(result) == measured
        assert result.attempts == 1


def test_a_job_that_is_told_of_its_time_limit_saves_and_goes_on(cluster, paper, whole, tmp_path):
    runs = tmp_path / "runs"
    with started(cluster, paper, runs, "--seeds", "2", *LONG) as run:
        until(lambda: each_has(runs, 2))
        for number in numbers(cluster):
            cluster.ask("scancel", "--signal=USR2", number)
        text = run.ends(0)
    assert text.count("done fit seed") == 2
    for seed, measured in whole.items():
        result = results(runs)[seed]
        assert journal.measured(result) == measured
        assert (result.attempts, result.lost_rows) == (2, 0)


def test_accounts_that_are_down_do_not_matter(paper, tmp_path):
    with running(accounting=True) as cluster:
        assert "slurmdbd" in cluster.ask("scontrol", "show", "config")
        with started(cluster, paper, tmp_path / "runs", "--seeds", "2") as run:
            assert run.ends(0).count("done fit seed") == 2


# -- many -----------------------------------------------------------------------------------------


def test_1500_trials_at_an_array_of_1001(cluster, paper, tmp_path):
    """Real tasks of real arrays; their Python is a shell that returns what a trial does."""
    runs = tmp_path / "runs"
    outcome = tmp_path / "outcome.pkl"
    outcome.write_bytes(pickle.dumps(("success", Outcome("completed"))))
    python = tmp_path / "python"
    python.write_text(
        f"""#!/bin/sh
for folder in "$@"; do :; done
result="$folder/${{SLURM_ARRAY_JOB_ID}}_${{SLURM_ARRAY_TASK_ID}}_0_result.pkl"
cp {outcome} "$result.new" && mv "$result.new" "$result"
"""
    )
    python.chmod(0o755)
    options = ("--seeds", "1500", "--jobs", "4", "--slurm", f"python={python}")
    with started(cluster, paper, runs, *options) as run:
        run.says("1,500 trials are submitted to SLURM: jobs")
        scripts = "".join(path.read_text() for path in runs.glob("slurm/*/[0-9]*_submission.sh"))
        assert sorted(re.findall(r"--array=(\S+)", scripts)) == ["0-749%2"] * 2
        begun = time.monotonic()
        assert run.process.wait(1800) == 0, run.text
        sys.stderr.write(f"1,500 tasks took {time.monotonic() - begun:.0f} s\n")
    assert len(list(runs.glob("slurm/*/*_result.pkl"))) == 1500
    assert run.text.count("done fit seed") == 1500
