"""Which trials SLURM has, and how they are cancelled; tests/cluster has a real one."""

from __future__ import annotations

import shutil

import pytest

from harness.paper import Refused
from harness.run.launch import Machine
from harness.run.slurm import launcher as slurm
from harness.run.slurm.batch import Batch
from harness.run.slurm.controller import Job
from harness.run.slurm.watcher import Watcher
from harness.trial import Pace
from tests.lab.answers import HELP


def test_slurm_is_refused_where_there_is_none(tmp_path, monkeypatch):
    pytest.importorskip("submitit")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match="no sbatch on this machine; did you mean 'local'"):
        slurm.launcher(tmp_path)


def test_what_is_asked_for_is_checked_before_anything_is_written(tmp_path, monkeypatch, answers):
    pytest.importorskip("submitit")
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    answers({"sbatch --help": HELP, "sbatch": ""})
    with pytest.raises(Refused, match="no flag 'acount'; did you mean 'account'"):
        slurm.launcher(tmp_path, ["acount=me"])
    assert callable(slurm.launcher(tmp_path, ["account=me"]))
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def queued(tmp_path):
    batch = Batch(tmp_path, [tmp_path / "paper" / f"seed{n}" for n in range(3)])
    batch.write()
    return batch


def test_the_trials_that_have_jobs_are_told(tmp_path, queued, answers):
    lines = (f"7_0|RUNNING|{queued.name}|None", f"7_1|FAILED|{queued.name}|NonZeroExitCode")
    answers({"squeue": "\n".join(lines)})
    found = slurm.jobs(tmp_path)
    assert found == {tmp_path / "paper" / "seed0": Job("7_0", "RUNNING", "None")}


def test_a_folder_without_notes_needs_no_controller(tmp_path, answers):
    asked = answers({})
    assert slurm.jobs(tmp_path) == {}
    assert slurm.cancel([tmp_path / "paper"], tmp_path) == []
    assert asked == []


def test_the_jobs_of_some_trials_are_cancelled(tmp_path, queued, answers):
    lines = [f"7_{task}|PENDING|{queued.name}|None" for task in range(3)]
    asked = answers({"squeue": "\n".join(lines), "scancel": ""})
    chosen = [tmp_path / "paper" / "seed1", tmp_path / "elsewhere"]
    assert slurm.cancel(chosen, tmp_path) == chosen[:1]
    assert asked[-1] == ("scancel", "7_1")


def test_a_controller_that_is_away_cancels_nothing_and_says_so(tmp_path, queued, answers):
    answers({})
    with pytest.raises(Refused, match="SLURM does not answer"):
        slurm.jobs(tmp_path)
    answers({"squeue": f"7_0|PENDING|{queued.name}|None"})
    with pytest.raises(Refused, match="nothing is cancelled"):
        slurm.cancel(queued.trials, tmp_path)


@pytest.mark.parametrize(("closed", "cancelled"), [(False, 1), (True, 0)])
def test_ctrl_c_cancels_jobs_and_a_terminal_that_closes_does_not(
    tmp_path, monkeypatch, closed, cancelled
):
    calls = []

    def interrupt(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(Watcher, "look", interrupt)
    monkeypatch.setattr(Watcher, "cancel", lambda self: calls.append("cancel"))
    monkeypatch.setattr(slurm.stop, "hung_up", lambda: closed)
    with pytest.raises(KeyboardInterrupt):
        slurm.run([tmp_path], Machine(1), Pace(), lambda: None, runs=tmp_path, asked={})
    assert len(calls) == cancelled
