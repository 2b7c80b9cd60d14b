"""Trials as tasks of Ray, on a cluster or on this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from harness.run.cluster import Work, imported
from harness.run.launch import POLL, Machine
from harness.run.runner import Outcome
from harness.trial import Pace


def perform(work: Work, folder: Path) -> Outcome:
    """Do the work: what Ray calls, which takes functions only."""
    return work(folder)


def launcher() -> Callable[..., dict[Path, Outcome]]:
    """Return what runs trials on Ray.

    Raises:
        Refused: the extra is not installed.
    """
    imported("ray", "ray")
    return run


def run(
    folders: Sequence[Path], host: Machine, pace: Pace, watch: Callable[[], None]
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
