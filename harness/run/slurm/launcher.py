"""Trials as jobs of SLURM, through submitit: submitted, found again, watched, cancelled.

A trial's journal and what its job returned say how it went. The controller says what waits and
what runs; while it is away the jobs go on by themselves, and so does this, when it is back.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from harness.paper import Refused
from harness.run import stop
from harness.run.cluster import imported
from harness.run.launch import POLL, Machine
from harness.run.runner import Outcome
from harness.run.slurm import controller, sbatch
from harness.run.slurm.batch import Batch, Task, open_batches
from harness.run.slurm.controller import Job, Unreachable
from harness.run.slurm.watcher import Watcher
from harness.trial import Pace


def launcher(runs: Path, given: Sequence[str] = ()) -> Callable[..., dict[Path, Outcome]]:
    """Return what runs trials on SLURM with what the user asks for (`--slurm`).

    Raises:
        Refused: the extra is not installed, this machine submits to no SLURM, or the cluster
            refuses what is asked for.
    """
    imported("submitit", "slurm")
    if shutil.which("sbatch") is None:
        raise Refused("--launcher slurm: no sbatch on this machine; did you mean 'local'?")
    asked = sbatch.flags(given)
    sbatch.check(asked)
    return partial(run, runs=runs, asked=asked)


def run(
    folders: Sequence[Path],
    host: Machine,
    pace: Pace,
    watch: Callable[[], None],
    *,
    runs: Path,
    asked: sbatch.Flags,
) -> dict[Path, Outcome]:
    """Run the trials as job arrays, `host.jobs` tasks at a time; find those that are queued.

    Raises:
        KeyboardInterrupt: asked to stop; the jobs are cancelled, and those that run save. When the
            terminal closed they go on, and the same command finds them.
        Refused: the cluster takes none of the jobs.
    """
    task = Task(pace, host.threads, host.isa)
    watcher = Watcher(runs, folders, lambda b, n, f: b.submit(task, host, n, f), say)
    watcher.deal(host.jobs, asked)
    try:
        while watcher.open:
            watcher.look()
            watch()
            time.sleep(POLL)
    except KeyboardInterrupt:
        if not stop.hung_up():
            watcher.cancel()
        raise
    watch()
    return watcher.outcomes


def say(line: str) -> None:
    """Tell the user; above the bars where there are any."""
    with suppress(OSError):  # the terminal is gone
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def jobs(runs: Path) -> dict[Path, Job]:
    """Return the trials below `runs` whose jobs wait or run, with the controller's word for it.

    Raises:
        Refused: there are notes of jobs and no controller answers.
    """
    batches = open_batches(runs)
    found = _arrays(batches)
    return {
        trial: job
        for batch in batches
        if batch.name in found
        for number, trial in enumerate(batch.trials)
        if (job := found[batch.name].task(number)) is not None and not job.ended
    }


def cancel(folders: Collection[Path], runs: Path) -> list[Path]:
    """Cancel the jobs of trials below `runs`; return those that had one. What runs saves first.

    Raises:
        Refused: there are notes of jobs and no controller answers.
    """
    asked = {_plain(folder) for folder in folders}
    found = {trial: job for trial, job in jobs(runs).items() if _plain(trial) in asked}
    try:
        controller.cancel([job.number for job in found.values()])
    except Unreachable as error:
        raise Refused(f"SLURM does not answer, nothing is cancelled ({error})") from error
    return list(found)


def _arrays(batches: Sequence[Batch]) -> dict[str, controller.Array]:
    try:
        return controller.arrays([batch.name for batch in batches])
    except Unreachable as error:
        raise Refused(f"SLURM does not answer ({error})") from error


def _plain(folder: Path) -> str:
    return os.path.realpath(folder)
