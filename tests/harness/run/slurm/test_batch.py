"""Trials that are submitted together, and how others find them."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from harness.run import cluster
from harness.run.runner import Outcome
from harness.run.slurm import batch
from harness.run.slurm.batch import Batch, Task, dealt, open_batches, time_limit
from harness.trial import Pace


def test_trials_are_dealt_to_as_few_arrays_as_may_hold_them():
    trials = [Path(str(number)) for number in range(1500)]
    assert dealt(trials, 1500) == [trials]
    arrays = dealt(trials, 1001)
    assert [len(array) for array in arrays] == [750, 750]
    assert sorted(trial for array in arrays for trial in array) == sorted(trials)
    assert arrays[1][0] == trials[1]  # the longest are in different arrays


def test_a_batch_is_found_again_also_where_the_runs_folder_moved(tmp_path):
    runs = tmp_path / "runs"
    made = Batch(runs, [runs / "paper" / "seed0", runs / "paper" / "seed1"])
    made.write()
    runs.rename(tmp_path / "moved")
    (found,) = open_batches(tmp_path / "moved")
    assert found.name == made.name
    assert found.trials == [tmp_path / "moved" / "paper" / f"seed{n}" for n in (0, 1)]
    found.close()
    assert open_batches(tmp_path / "moved") == []
    assert found.logs.is_dir()


def test_notes_that_are_none_are_passed_over(tmp_path):
    made = Batch(tmp_path, [tmp_path / "seed0"])
    made.write()
    for text in ("", "[", "3"):
        (made.logs / batch.NOTE).write_text(text)
        assert open_batches(tmp_path) == []


def test_what_a_job_returned_is_its_outcome_and_what_it_raised_a_failure(tmp_path):
    made = Batch(tmp_path, [tmp_path / "seed0"])
    made.write()
    assert made.outcome("7") is None
    path = made.logs / "7_0_result.pkl"
    path.write_bytes(pickle.dumps(("success", Outcome("cut", "too long"))))
    assert made.outcome("7") == Outcome("cut", "too long")
    assert list(made.returned()) == ["7"]
    path.write_bytes(pickle.dumps(("error", "Traceback ...\nRuntimeError: no such file\n")))
    outcome = made.outcome("7")
    assert outcome is not None
    assert outcome.status == "failed"
    assert outcome.error == f"RuntimeError: no such file; log: {made.logs}/7_0_log.out"


def test_a_job_asks_for_the_users_time_or_for_what_the_partition_has(answers):
    answers({"sinfo": "main*|infinite\n"})
    assert time_limit({"time": "4:00:00"}) == 240
    assert time_limit({}) == batch.MINUTES
    answers({"sinfo": "short|30:00\n"})
    assert time_limit({"partition": "short"}) == 30


# -- in the job -----------------------------------------------------------------------------------


@pytest.fixture
def signals():
    before = {s: signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGUSR2)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def job(folder, monkeypatch, perform, requeue):
    """Do the work of a job in this process, as submitit would."""
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "12")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "3")
    monkeypatch.setenv("SUBMITIT_FOLDER", "/logs")
    monkeypatch.setattr(cluster.Work, "__call__", perform)
    monkeypatch.setattr(batch, "AGAIN", 0.0)
    signal.signal(signal.SIGUSR2, requeue)
    return Task(Pace(), 1)(folder)


def test_a_job_that_is_told_before_its_time_limit_saves_and_then_goes_back(
    tmp_path, monkeypatch, signals
):
    events = []

    def perform(self, folder):
        signal.signal(signal.SIGTERM, lambda *_: events.append("saved"))
        os.kill(os.getpid(), signal.SIGUSR2)
        assert cluster.log_of(folder) == "/logs/12_3_0_log.out"
        return Outcome("stopped", "stopped on request")

    def requeue(signum, frame):
        events.append("requeue")
        if events.count("requeue") < 3:  # the controller is away at first
            raise subprocess.CalledProcessError(1, "scontrol")
        raise SystemExit

    with pytest.raises(SystemExit):
        job(tmp_path, monkeypatch, perform, requeue)
    assert events == ["saved", "requeue", "requeue", "requeue"]


def test_a_job_that_is_told_before_its_trial_began_goes_back_at_once(
    tmp_path, monkeypatch, signals
):
    def requeue(signum, frame):
        raise SystemExit("back")

    def perform(self, folder):
        os.kill(os.getpid(), signal.SIGUSR2)
        pytest.fail("it went on")

    with pytest.raises(SystemExit, match="back"):
        job(tmp_path, monkeypatch, perform, requeue)


def test_a_job_that_is_cancelled_before_its_trial_began_ends(tmp_path, monkeypatch, signals):
    def perform(self, folder):
        os.kill(os.getpid(), signal.SIGTERM)
        pytest.fail("it went on")

    with pytest.raises(SystemExit, match="before it began"):
        job(tmp_path, monkeypatch, perform, lambda *_: pytest.fail("it goes back"))


def test_a_trial_that_ended_in_time_or_was_stopped_by_hand_does_not_go_back(
    tmp_path, monkeypatch, signals
):
    def ended(self, folder):
        signal.signal(signal.SIGTERM, lambda *_: None)
        os.kill(os.getpid(), signal.SIGUSR2)
        return Outcome("completed")

    def stopped(self, folder):
        return Outcome("stopped")

    for perform, status in ((ended, "completed"), (stopped, "stopped")):
        outcome = job(tmp_path, monkeypatch, perform, lambda *_: pytest.fail("it goes back"))
        assert outcome.status == status


# -- what submitit makes of it --------------------------------------------------------------------


def test_flags_reach_the_script(tmp_path, monkeypatch, answers):
    submitit = pytest.importorskip("submitit")
    from harness.run.launch import Machine

    monkeypatch.setattr(submitit.SlurmExecutor, "affinity", classmethod(lambda cls: 2))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    sbatch = tmp_path / "sbatch"
    sbatch.write_text(f"#!/bin/sh\ncp $1 {tmp_path}/script\necho Submitted batch job 12\n")
    sbatch.chmod(0o755)
    answers({"sinfo": "main*|infinite\n"})
    made = Batch(tmp_path / "runs", [tmp_path / "runs" / f"seed{n}" for n in (0, 1, 2)])
    asked = {"partition": "gpu", "time": "0:20:00", "exclusive": True, "python": "run me python"}
    number = made.submit(Task(Pace(), 4), Machine(2, 4, ("0",)), 2, asked)
    assert number == "12"
    script = (tmp_path / "script").read_text().splitlines()
    for flag in (
        "array=0-2%2",
        "cpus-per-task=4",
        "exclusive",
        "gpus-per-node=1",
        f"job-name={made.name}",
        "partition=gpu",
        "requeue",
        "signal=USR2@90",
        "time=0:20:00",
    ):
        assert f"#SBATCH --{flag}" in script
    assert not any("wckey" in line or "--error" in line for line in script)
    assert any(" run me python -u -m submitit" in line for line in script)
    assert sorted(path.name for path in made.logs.glob("12_*.pkl")) == [
        f"12_{n}_submitted.pkl" for n in (0, 1, 2)
    ]
    assert open_batches(tmp_path / "runs")[0].trials == made.trials
    own = {"gres": "gpu:2", "time": "1"}
    made.submit(Task(Pace(), 4), Machine(2, 4, ("0",)), 2, own)
    script = (tmp_path / "script").read_text().splitlines()
    assert "#SBATCH --gres=gpu:2" in script
    assert "#SBATCH --signal=USR2@15" in script
    assert not any("gpus-per-node" in line for line in script)
    shutil.rmtree(tmp_path / "runs")
