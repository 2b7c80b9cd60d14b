"""Trials as jobs of SLURM, through submitit."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from harness.paper import Refused
from harness.run.cluster import Work, imported
from harness.run.launch import POLL, Machine
from harness.run.runner import Outcome
from harness.trial import Pace

SCHEDULER = "slurm"  # submitit's name for it
MINUTES = 24 * 60  # asked for per job; a job that needs more is requeued and resumes


def launcher() -> Callable[..., dict[Path, Outcome]]:
    """Return what runs trials on SLURM.

    Raises:
        Refused: the extra is not installed, or this machine submits to no SLURM.
    """
    imported("submitit", "slurm")
    if SCHEDULER == "slurm" and shutil.which("sbatch") is None:
        raise Refused("--launcher slurm: no sbatch on this machine; did you mean 'local'?")
    return run


def run(
    folders: Sequence[Path], host: Machine, pace: Pace, watch: Callable[[], None]
) -> dict[Path, Outcome]:
    """Run the trials as one job array of at most `host.jobs` at a time.

    Raises:
        KeyboardInterrupt: asked to stop; the jobs are cancelled and save.
    """
    submitit = imported("submitit", "slurm")
    logs = Path(os.path.commonpath([folder.resolve() for folder in folders])) / "slurm"
    executor = submitit.AutoExecutor(folder=logs, cluster=SCHEDULER)
    executor.update_parameters(
        name="trials",
        timeout_min=MINUTES,
        cpus_per_task=host.threads,
        gpus_per_node=1 if host.gpus else 0,
        slurm_array_parallelism=host.jobs,
    )
    work = Work(pace, host.threads, host.isa)
    jobs = executor.map_array(work, [folder.resolve() for folder in folders])
    try:
        while not all(job.done() for job in jobs):
            watch()
            time.sleep(POLL)
    except KeyboardInterrupt:
        for job in jobs:
            job.cancel()
        raise
    watch()
    return {folder: _result(job) for folder, job in zip(folders, jobs, strict=True)}


def _result(job: Any) -> Outcome:
    error = job.exception()
    if error is not None:
        return Outcome("failed", f"{type(error).__name__}: {error}")
    outcome: Outcome = job.result()
    return outcome
