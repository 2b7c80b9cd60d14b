"""What SLURM and Ray have in common: a trial as a job."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.paper import Refused
from harness.run import cluster
from harness.run.launch import Machine, machine
from harness.trial import Pace


def test_a_job_that_is_preempted_goes_back_into_the_queue():
    submitit = pytest.importorskip("submitit")
    again = cluster.Work(Pace(), 1).checkpoint(Path("trial"))
    assert isinstance(again, submitit.helpers.DelayedSubmission)
    assert again.args == (Path("trial"),)


def test_a_missing_extra_is_named_with_its_cure():
    with pytest.raises(Refused, match=r"nowhere_to_be_found is not installed .*\[ray\]"):
        cluster.imported("nowhere_to_be_found", "ray")


def test_a_cluster_needs_no_gpu_here():
    assert machine("cuda", None, launcher="slurm")[0] == "cuda"
    assert machine("auto", 3, launcher="ray") == ("cpu", Machine(3))
