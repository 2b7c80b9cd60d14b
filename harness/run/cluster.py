"""One trial as a job on another machine: what SLURM and Ray, both optional extras, have in common.

A trial needs nothing but its folder on a file system that all machines share; its journal tells
how it went, so neither the scheduler's database nor Ray's object store has to be believed.
"""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from harness.paper import Refused
from harness.plan.processor import NATIVE
from harness.run.isa import instructions
from harness.run.launch import limit_threads
from harness.run.runner import Outcome, execute
from harness.trial import Pace

NOTE = "job.json"  # in a trial's folder: which job runs it, or ran it last, and where that writes


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


class Gone(Exception):
    """The cluster went away in the middle; its trials go on from their checkpoints."""


def imported(package: str, name: str) -> ModuleType:
    """Return a package of an extra; refuse with the extra's name where it is not installed."""
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        raise Refused(missing(package, name)) from error


def missing(package: str, name: str) -> str:
    """Say that a package of an extra is not installed, and what installs it."""
    how = f"pip install -e '.[{name}]'"
    return f"--launcher {name}: {package} is not installed ({how})"


def note(folder: Path, holder: str, log: str) -> None:
    """Note in the trial's folder which job of a cluster runs it and where that writes."""
    (folder / NOTE).write_text(json.dumps({"job": holder, "log": log}) + "\n")


def log_of(folder: Path) -> str:
    """Return where the job of a trial writes what it prints; empty where none is known."""
    try:
        told = json.loads((folder / NOTE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(told["log"])


def unnoted(folder: Path) -> None:
    """Forget the job of a trial: another process takes it now."""
    (folder / NOTE).unlink(missing_ok=True)
