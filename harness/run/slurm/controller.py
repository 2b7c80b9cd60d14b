"""What SLURM's controller says of jobs, in bounded time: squeue's answer, no database.

Accounting (sacct) is optional on a cluster and may be down for days; it is asked only why a job
ended that the controller has forgotten, briefly, and once in vain is enough.
"""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from harness.paper import Refused

PATIENCE, BRIEFLY = 60.0, 10.0  # seconds that a command gets
LARGEST = 1001  # MaxArraySize where the controller does not say

# what its commands print while it is down, restarts, is too busy, or cannot be spoken to
SILENCE = (
    "unable to contact slurm",
    "timed out",
    "zero bytes were transmitted",
    "temporarily unable",
    "standby mode",
    "connection refused",
    "connection failure",
    "transport endpoint",
    "munge",
    "authentication error",
)
ENDED = (
    "BOOT_FAIL",
    "CANCELLED",
    "COMPLETED",
    "DEADLINE",
    "FAILED",
    "NODE_FAIL",
    "OUT_OF_MEMORY",
    "PREEMPTED",
    "REVOKED",
    "TIMEOUT",
)
# for these a job waits its turn; for any other it may wait for ever
ORDINARY = re.compile(r"None|Priority|Resources|JobArray.*|Dependency|BeginTime|.*Limit|.*Grp.*")
HOPELESS = re.compile(r"Partition.*Limit|DependencyNeverSatisfied")


class Unreachable(Exception):
    """The controller does not answer; the text is what its command printed."""


@dataclass(frozen=True)
class Job:
    """One job, or one task of an array, as the controller sees it."""

    number: str
    state: str
    reason: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing of it runs or waits; a word that nobody knows is no end."""
        return self.state in ENDED

    @property
    def stopped(self) -> bool:
        """Whether somebody cancelled it."""
        return self.state == "CANCELLED"

    @property
    def stuck(self) -> str:
        """Why it waits, where that is not for its turn alone."""
        if self.state != "PENDING":
            return ""
        ordinary = ORDINARY.fullmatch(self.reason) and not HOPELESS.fullmatch(self.reason)
        return "" if ordinary else self.reason


@dataclass(frozen=True)
class Array:
    """The jobs of one name: tasks by number, and what holds for all others of them."""

    tasks: dict[int, Job]
    rest: Job | None = None

    def task(self, number: int) -> Job | None:
        """Return the job of a task; nothing where the controller has forgotten it."""
        return self.tasks.get(number, self.rest)

    @property
    def numbers(self) -> list[str]:
        """What scancel takes for all that is there, without the tasks."""
        jobs = [*self.tasks.values(), *([self.rest] if self.rest else [])]
        return sorted({job.number.partition("_")[0] for job in jobs if not job.ended})


def ask(*command: str, patience: float = PATIENCE) -> str:
    """Return what a command of SLURM prints.

    Raises:
        Unreachable: it did not get through to the controller, or took too long.
        Refused: it says no; the text is its own.
    """
    try:
        answer = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Unreachable(f"{command[0]}: no answer within {patience:g} s") from error
    except FileNotFoundError as error:
        raise Refused(f"--launcher slurm: no {command[0]} on this machine") from error
    if answer.returncode:
        raise failure(command[0], answer.stderr or answer.stdout)
    return answer.stdout


def failure(command: str, text: str) -> Exception:
    """Return what the failure of a command means: nobody answers, or the answer is no."""
    line = " ".join(text.split()) or "failed without a word"
    line = line.removeprefix(f"{command}: error: ")
    silent = any(words in line.lower() for words in SILENCE)
    return Unreachable(f"{command}: {line}") if silent else Refused(f"{command}: {line}")


def arrays(names: Collection[str]) -> dict[str, Array]:
    """Return what the controller knows of jobs by name, also of those that ended lately.

    Raises:
        Unreachable: see `ask`.
    """
    if not names:
        return {}
    form = "--format=%i|%T|%j|%r"
    text = ask("squeue", "--noheader", "--array", "--states=all", form, f"--name={_list(names)}")
    found: dict[str, dict[int | None, Job]] = defaultdict(dict)
    for line in text.splitlines():
        number, state, name, reason = line.split("|", 3)
        task = number.partition("_")[2]
        known = found[name.strip()]
        known[int(task) if task.isdigit() else None] = Job(number, state, reason.strip())
    return {
        name: Array({k: v for k, v in jobs.items() if k is not None}, jobs.get(None))
        for name, jobs in found.items()
    }


def _list(names: Iterable[str]) -> str:
    return ",".join(sorted(names))


def cancel(numbers: Sequence[str]) -> None:
    """Cancel jobs: those that wait are gone, those that run get SIGTERM and KillWait to save.

    Raises:
        Unreachable: see `ask`.
    """
    for begin in range(0, len(numbers), 500):
        try:
            ask("scancel", *numbers[begin : begin + 500])
        except Refused as refusal:  # those that have just ended
            if "Invalid job id" not in str(refusal) and "completing" not in str(refusal):
                raise


def largest_array() -> int:
    """Return how many tasks one array may have on this cluster.

    Raises:
        Unreachable: see `ask`.
    """
    text = ask("scontrol", "show", "config")
    said = re.findall(r"MaxArraySize\s*=\s*(\d+)|max_array_tasks=(\d+)", text)
    return min([int(size or tasks) for size, tasks in said] or [LARGEST])


def longest(partition: str | None) -> float | None:
    """Return the longest time, in minutes, that a job may ask for; None where nothing limits it.

    Raises:
        Unreachable: see `ask`.
    """
    chosen = [f"--partition={partition}"] if partition else []
    for line in ask("sinfo", "--noheader", "--format=%P|%l", *chosen).splitlines():
        name, _, limit = line.partition("|")
        if partition or name.endswith("*"):
            return minutes(limit)
    return None


def minutes(text: str) -> float | None:
    """Return a time limit in minutes, from any of SLURM's forms; None where it is none."""
    form = re.fullmatch(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?", text.strip())
    if form is None:
        return None
    days, first, second, third = (int(part or 0) for part in form.groups())
    if form[1] is not None:  # days-hours[:minutes[:seconds]]
        return days * 1440 + first * 60 + second + third / 60
    if form[4] is not None:  # hours:minutes:seconds
        return first * 60 + second + third / 60
    return first + second / 60  # minutes[:seconds]


def forgotten(numbers: Sequence[str]) -> dict[str, Job]:
    """Return the end of jobs that the controller has forgotten, from the accounts.

    Raises:
        Unreachable, Refused: this cluster keeps none, or they do not answer.
    """
    asked = ("sacct", "--allocations", "--noheader", "--parsable2", "--format=JobID,State")
    text = ask(*asked, f"--jobs={','.join(numbers)}", patience=BRIEFLY)
    pairs = (line.split("|", 1) for line in text.splitlines() if "|" in line)
    return {number: Job(number, state.split()[0]) for number, state in pairs if state}
