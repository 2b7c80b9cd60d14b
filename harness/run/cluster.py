"""Other places where trials run: SLURM through submitit, Ray. Both are optional extras.

A trial needs nothing but its folder on a file system that all machines share; its journal tells
how it went, so neither the scheduler's database nor Ray's object store has to be believed.
"""

from __future__ import annotations

import importlib
import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from harness.paper import Refused
from harness.plan.processor import NATIVE
from harness.run.isa import instructions
from harness.run.launch import POLL, Machine, limit_threads
from harness.run.runner import Outcome, execute
from harness.trial import Pace

SCHEDULER = "slurm"  # submitit's name for it
MINUTES = 24 * 60  # asked for per job; a job that needs more is requeued and resumes
Watch = Callable[[], None]


@dataclass(frozen=True)
class Work:
    """One trial as a job: callable in another process, and again after a preemption."""

    pace: Pace
    threads: int
    isa: str = NATIVE

    def __call__(self, folder: Path) -> Outcome:
        """Run the trial of a folder; a refusal (it runs elsewhere) is an outcome too."""
        limit_threads(self.threads)
        try:
            with instructions(self.isa):
                return execute(folder, self.pace)
        except Refused as refusal:
            return Outcome("refused", str(refusal))

    def checkpoint(self, folder: Path) -> Any:
        """Tell submitit to put the job back into the queue; it resumes from its checkpoint."""
        return importlib.import_module("submitit").helpers.DelayedSubmission(self, folder)


def perform(work: Work, folder: Path) -> Outcome:
    """Do the work: what Ray calls, which takes functions only."""
    return work(folder)


def launcher(name: str) -> Callable[..., dict[Path, Outcome]]:
    """Return what runs trials on 'slurm' or 'ray'.

    Raises:
        Refused: the extra is not installed, or this machine submits to no SLURM.
    """
    if name == "ray":
        imported("ray", "ray")
        return run_ray
    imported("submitit", "slurm")
    if SCHEDULER == "slurm" and shutil.which("sbatch") is None:
        raise Refused("--launcher slurm: no sbatch on this machine; did you mean 'local'?")
    return run_slurm


def run_slurm(
    folders: Sequence[Path], host: Machine, pace: Pace, watch: Watch
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


def run_ray(
    folders: Sequence[Path], host: Machine, pace: Pace, watch: Watch
) -> dict[Path, Outcome]:
    """Run the trials as Ray tasks, on RAY_ADDRESS or on a cluster of this machine alone.

    Raises:
        KeyboardInterrupt: asked to stop; each trial goes on from its last checkpoint.
    """
    ray = imported("ray", "ray")
    ray.init(include_dashboard=False, log_to_driver=False, ignore_reinit_error=True)
    try:
        options = {"num_cpus": host.threads, "num_gpus": 1 if host.gpus else 0, "max_retries": 1}
        task = ray.remote(perform).options(**options)
        work = Work(pace, host.threads, host.isa)
        waiting = {task.remote(work, folder.resolve()): folder for folder in folders}
        outcomes = {}
        while waiting:
            done, _ = ray.wait(list(waiting), timeout=POLL)
            for reference in done:
                outcomes[waiting.pop(reference)] = ray.get(reference)
            watch()
        return outcomes
    finally:
        ray.shutdown()


def imported(package: str, name: str) -> ModuleType:
    """Return a package of an extra; refuse with the extra's name where it is not installed."""
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        how = f"pip install -e '.[{name}]'"
        raise Refused(f"--launcher {name}: {package} is not installed ({how})") from error


def _result(job: Any) -> Outcome:
    error = job.exception()
    if error is not None:
        return Outcome("failed", f"{type(error).__name__}: {error}")
    outcome: Outcome = job.result()
    return outcome
