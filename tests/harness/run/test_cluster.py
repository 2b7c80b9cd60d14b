"""Launchers for other machines, against their local stand-ins."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.budget import standard
from harness.paper import Refused
from harness.plan import specs
from harness.plan.discover import load
from harness.record import journal
from harness.run import cluster, runner
from harness.run.launch import Machine, machine
from harness.trial import Pace
from tests.lab.throwaway import make_paper


def trials(tmp_path: Path, count: int) -> list[Path]:
    """Write the folders of some trials of a throw-away paper."""
    found = load(make_paper(tmp_path))
    request = specs.Request(budget=standard("check"), seeds=range(count))
    homes = []
    for spec in specs.plan(found, request):
        homes.append(spec.home(tmp_path / "runs"))
        spec.write(homes[-1])
    return homes


def rows(folder: Path) -> list[str]:
    return journal.measured(journal.read(folder))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_submitit_runs_trials_and_gives_the_same_rows(tmp_path: Path, monkeypatch):
    pytest.importorskip("submitit")
    monkeypatch.setattr(cluster, "SCHEDULER", "local")
    homes = trials(tmp_path, 2)
    looks = []
    outcomes = cluster.run_slurm(homes, Machine(2), Pace(), lambda: looks.append(1))
    assert [outcomes[home].status for home in homes] == ["completed"] * 2
    assert looks
    for home in homes:
        measured = rows(home)
        runner.forget(home)
        runner.execute(home)
        assert rows(home) == measured


def test_a_job_that_is_preempted_goes_back_into_the_queue():
    submitit = pytest.importorskip("submitit")
    again = cluster.Work(Pace(), 1).checkpoint(Path("trial"))
    assert isinstance(again, submitit.helpers.DelayedSubmission)
    assert again.args == (Path("trial"),)


def test_slurm_is_refused_where_there_is_none():
    pytest.importorskip("submitit")
    if shutil.which("sbatch"):
        pytest.skip("this machine has SLURM")
    with pytest.raises(Refused, match="no sbatch on this machine; did you mean 'local'"):
        cluster.launcher("slurm")


def test_a_missing_extra_is_named_with_its_cure():
    with pytest.raises(Refused, match=r"nowhere_to_be_found is not installed .*\[ray\]"):
        cluster.imported("nowhere_to_be_found", "ray")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_ray_runs_trials(tmp_path: Path, monkeypatch):
    pytest.importorskip("ray")
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    homes = trials(tmp_path, 2)
    outcomes = cluster.run_ray(homes, Machine(2), Pace(), lambda: None)
    assert [outcomes[home].status for home in homes] == ["completed"] * 2


def test_a_cluster_needs_no_gpu_here():
    assert machine("cuda", None, launcher="slurm")[0] == "cuda"
    assert machine("auto", 3, launcher="ray") == ("cpu", Machine(3))
