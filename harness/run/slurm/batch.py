"""Trials that go to SLURM together, as one job array, and the note of it that others find.

The note is written before the array is submitted, and both carry one name that nobody else uses:
so whoever comes later, after the first process died or sbatch's answer was lost, asks SLURM for
that name and knows which trial each of its tasks is.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from harness.run.cluster import Work, imported, note
from harness.run.isa import instructions
from harness.run.launch import Machine
from harness.run.runner import Outcome
from harness.run.slurm import controller
from harness.run.slurm.sbatch import PYTHON, Flags, wants_gpus

PLACE, NOTE = "slurm", "trials.json"
MINUTES = 24 * 60  # asked for per job where the partition allows it; a job that needs more resumes
REQUEUES = 10_000  # times that a job may reach its time limit
TO_SAVE = (15, 90)  # seconds before its time limit at which a job is told: short jobs, long ones
AGAIN = 10.0  # seconds until a job asks again for its way back into the queue


@dataclass(frozen=True)
class Task(Work):
    """One trial as a job of SLURM: saves and goes back into the queue at its time limit."""

    def __call__(self, folder: Path) -> Outcome:
        """Run the trial of a folder; see `Work`.

        submitit listens to SIGUSR2, which SLURM sends before the time limit and at a preemption,
        and ends the process at once. Here the trial saves first.
        """
        note(folder, holder=_number(), log=str(_log()))
        requeue: Any = signal.getsignal(signal.SIGUSR2)
        told: list[int] = []

        def save_first(signum: int, frame: FrameType | None) -> None:
            told.append(signum)
            stop: Any = signal.getsignal(signal.SIGTERM)
            if stop is leave:  # nothing has begun, or all is done
                requeue(signum, frame)
            stop(signal.SIGTERM, frame)

        signal.signal(signal.SIGTERM, leave)
        signal.signal(signal.SIGUSR2, save_first)
        outcome = super().__call__(folder)
        while told and outcome.status == "stopped":
            try:
                requeue(told[0], None)
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
                time.sleep(AGAIN)  # the controller is away
        return outcome


def leave(signum: int, frame: FrameType | None) -> None:
    """End a job that is cancelled before its trial has begun."""
    sys.exit("asked to stop before it began")


def _number() -> str:
    names = ("SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID")
    if all(name in os.environ for name in names):
        return "_".join(os.environ[name] for name in names)
    return os.environ.get("SLURM_JOB_ID", "")


def _log() -> Path:
    return log_of(Path(os.environ.get("SUBMITIT_FOLDER", ".")), _number())


def log_of(logs: Path, number: str) -> Path:
    """Return where a job writes what it prints."""
    return logs / f"{number}_0_log.out"


@dataclass
class Batch:
    """Trials by the number of their task, where their jobs write, and what the jobs are called."""

    runs: Path
    trials: list[Path]
    name: str = field(default_factory=lambda: f"trials-{uuid.uuid4().hex[:10]}")

    @property
    def logs(self) -> Path:
        """The folder of scripts, outcomes and logs."""
        return self.runs.resolve() / PLACE / self.name

    def write(self) -> None:
        """Note which trial is which task, relative to the runs folder, which may move."""
        self.logs.mkdir(parents=True, exist_ok=True)
        text = json.dumps([os.path.relpath(trial, self.runs) for trial in self.trials], indent=0)
        fresh = self.logs / f"{NOTE}.new"
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(self.logs / NOTE)

    def close(self) -> None:
        """Take the note back: no job of these runs or waits. The logs stay."""
        (self.logs / NOTE).unlink(missing_ok=True)

    def outcome(self, number: str) -> Outcome | None:
        """Return what a job returned; nothing while it has not, or when it died."""
        try:
            status, value = pickle.loads((self.logs / f"{number}_0_result.pkl").read_bytes())
        except (FileNotFoundError, EOFError):
            return None
        if status == "success":
            outcome: Outcome = value
            return outcome
        last = str(value).strip().splitlines()[-1:] or ["failed"]
        return Outcome("failed", f"{last[0]}; log: {log_of(self.logs, number)}")

    def returned(self) -> Iterator[str]:
        """Yield the jobs that have returned something, from one look at the folder."""
        end = "_0_result.pkl"
        for path in self.logs.glob(f"*{end}"):
            yield path.name.removesuffix(end)

    def submit(self, work: Work, host: Machine, parallel: int, asked: Flags) -> str:
        """Submit the trials as an array of which so many run at once; return its number.

        Raises:
            Unreachable: the controller does not answer; perhaps it has taken the job all the same.
            Refused: it does not take the job.
        """
        submitit = imported("submitit", "slurm")
        python = asked.get(PYTHON)
        limit = time_limit(asked)
        executor = submitit.SlurmExecutor(
            folder=self.logs, max_num_timeout=REQUEUES, python=None if python is None else python
        )
        executor.update_parameters(
            job_name=self.name,
            time=max(1, int(limit)),
            cpus_per_task=host.threads,
            gpus_per_node=1 if host.gpus and not wants_gpus(asked) else None,
            array_parallelism=parallel,
            signal_delay_s=int(min(TO_SAVE[1], max(TO_SAVE[0], limit * 60 / 4))),
            stderr_to_stdout=True,
            wckey=None,
            additional_parameters={
                "requeue": True,
                **{key: value for key, value in asked.items() if key != PYTHON},
            },
        )
        self.write()
        said = io.StringIO()
        trials = [trial.resolve() for trial in self.trials]
        try:
            with redirect_stderr(said), instructions(host.isa):
                jobs = executor.map_array(work, trials)
        except submitit.core.utils.FailedJobError as error:
            raise controller.failure("sbatch", str(error)) from error
        return str(jobs[0].job_id).partition("_")[0]


def time_limit(asked: Flags) -> float:
    """Return the minutes that a job asks for: the user's, else a day or what the partition has."""
    chosen = controller.minutes(str(asked.get("time", "")))
    if chosen is not None:
        return chosen
    partition = asked.get("partition")
    longest = controller.longest(str(partition) if partition else None)
    return min(MINUTES, longest or MINUTES)


def open_batches(runs: Path) -> list[Batch]:
    """Return what was submitted and not settled by whoever did."""
    batches = []
    for path in sorted((runs / PLACE).glob(f"*/{NOTE}")):
        try:
            trials = [
                Path(os.path.normpath(runs / name))
                for name in json.loads(path.read_text(encoding="utf-8"))
            ]
        except (OSError, ValueError, TypeError):  # being written, or not ours
            continue
        batches.append(Batch(runs, trials, path.parent.name))
    return batches


def dealt(trials: Sequence[Path], largest: int) -> list[list[Path]]:
    """Deal trials, longest first, to as few arrays as may hold them, each with long and short."""
    count = -(-len(trials) // largest)
    return [list(trials[first::count]) for first in range(count)]
