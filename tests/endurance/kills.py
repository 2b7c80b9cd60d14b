"""Real runs that are killed at random moments and gone on with measure what undisturbed ones do.

`python -m tests.endurance.kills --count 100` starts smoke runs of the papers, each in a process
group of its own, kills them with SIGKILL at moments that a seed draws, types the same command
again until it completes, and compares every row and the SGD steps of every trial with a run that
nobody disturbed. In between, what is on disk must be readable and agree as far as it goes.

Who is killed: the whole group (as a power cut or an out-of-memory killer does), only a worker, or
only the parent; `--mode each` takes turns. Exit status 1 when anything differs.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from harness.record import journal
from harness.record.journal import Result
from tests.lab.groups import alive, workers

ROOT = Path(__file__).resolve().parents[2]
CASES = {
    "mnist1d": ("papers/mnist1d", "lottery/tickets", "benchmark/gru"),
    "mnist1d sweeps": ("papers/mnist1d", "pooling/max", "meta_activation/learned"),
    "darts": ("papers/darts", "league/second_order", "league/first_order"),
    "randomnas": ("papers/randomnas", "league/weight_sharing", "league/random"),
}
FIXED = ("--budget", "smoke", "--seeds", "1", "--jobs", "2", "--checkpoint-every", "2")
FIXED += ("--no-tracking",)
MODES = ("group", "worker", "parent")
AT_MOST = 8  # kills of one run, so that it ends some day
PATIENCE = 120.0  # seconds that a group may take to end after its parent died
LATE = 900.0  # seconds after which a run counts as hanging


class Differs(Exception):
    """A run that was killed is not what an undisturbed one is."""


@dataclass
class Run:
    """One command with its own folder of runs, and what an undisturbed run of it measured."""

    name: str
    runs: Path
    whole: Mapping[str, Result] = field(default_factory=dict)
    seconds: float = 0.0  # that the undisturbed run took

    @contextmanager
    def started(self) -> Iterator[subprocess.Popen[bytes]]:
        """Start the command in a process group of its own; nothing of it outlives the block."""
        paper, *experiments = CASES[self.name]
        chosen = [part for name in experiments for part in ("--experiment", name)]
        command = [sys.executable, "-m", "harness", "run", paper, *chosen, *FIXED]
        self.runs.mkdir(parents=True, exist_ok=True)
        with (self.runs / "said.txt").open("ab") as log:
            process = subprocess.Popen(
                [*command, "--runs", str(self.runs)],
                cwd=ROOT,
                start_new_session=True,
                stdout=log,
                stderr=log,
            )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def results(self) -> dict[str, Result]:
        """Return what the journals tell, by trial; none may be damaged."""
        results, problems = journal.read_all(self.runs)
        if problems:
            raise Differs(f"{self.name}: {problems[0]}")
        return {result.trial: result for result in results}

    def check(self, complete: bool) -> int:
        """Compare with the undisturbed run, as far as this one is; return how many rows it has."""
        made = self.results()
        if complete and set(made) != set(self.whole):
            raise Differs(f"{self.name}: trials {sorted(made)}, not {sorted(self.whole)}")
        rows = 0
        for trial, result in made.items():
            mine, theirs = (journal.measured(each) for each in (result, self.whole[trial]))
            ended = complete or result.status == "completed"
            if mine != (theirs if ended else theirs[: len(mine)]):
                raise Differs(f"{result.folder}: rows differ from those of an undisturbed run")
            if ended:
                self._check_end(result, self.whole[trial])
            rows += len(mine)
        return rows

    def _check_end(self, result: Result, whole: Result) -> None:
        told = (result.status, result.stopped_by, result.total("steps"), result.total("flops"))
        asked = ("completed", whole.stopped_by, whole.total("steps"), whole.total("flops"))
        if told != asked:
            raise Differs(f"{result.folder}: ends with {told}, undisturbed with {asked}")


def undisturbed(name: str, runs: Path) -> Run:
    """Run a case to its end, and note how long that takes."""
    run = Run(name, runs)
    begin = time.monotonic()
    with run.started() as process:
        if process.wait(LATE) != 0:
            raise Differs(f"{name}: an undisturbed run failed; see {runs / 'said.txt'}")
    whole = run.results()
    return Run(name, runs, whole, time.monotonic() - begin)


@dataclass
class Count:
    """What was done and found so far."""

    kills: Counter[str] = field(default_factory=Counter)
    before: int = 0  # kills before the run that is under way
    runs: int = 0
    early: int = 0  # kills before the first row
    lost: int = 0  # rows that came again

    def __str__(self) -> str:
        each = ", ".join(f"{number} of the {mode}" for mode, number in sorted(self.kills.items()))
        return (
            f"{sum(self.kills.values())} kills ({each}; {self.early} before a first row) in "
            f"{self.runs} runs; {self.lost} rows were written again; every row and all steps "
            "equal those of undisturbed runs"
        )


def kill(process: subprocess.Popen[bytes], mode: str, draw: random.Random) -> bool:
    """Kill who is meant; False when nobody of them is there, or the run has ended."""
    with suppress(ProcessLookupError):
        if mode == "group":
            os.killpg(process.pid, signal.SIGKILL)
        elif mode == "parent":
            os.kill(process.pid, signal.SIGKILL)
        else:
            there = workers(process.pid)
            if not there:
                return False
            os.kill(draw.choice(there), signal.SIGKILL)
        return True
    return False


def gone(group: int) -> None:
    """Wait until nothing of a group is alive.

    Raises:
        Differs: something outlives its parent; it is ended.
    """
    deadline = time.monotonic() + PATIENCE
    while left := alive(group):
        if time.monotonic() > deadline:
            os.killpg(group, signal.SIGKILL)
            raise Differs(f"processes {left} outlived their parent by {PATIENCE:g} s")
        time.sleep(0.05)


def disturb(run: Run, modes: Sequence[str], count: Count, limit: int, draw: random.Random) -> None:
    """Kill a run at random moments and go on with it until it is complete; compare."""
    left, status, begin = limit, -1, time.monotonic()
    while status != 0:
        with run.started() as process:
            status = attempt(run, process, modes, count, draw, left)
        left = limit - (sum(count.kills.values()) - count.before)
        if status > 0 and not (status == 1 and "worker" in modes):  # one that died twice is told
            raise Differs(f"{run.name}: exit status {status}; see {run.runs / 'said.txt'}")
    if left == limit:  # the machine is quieter now than when the undisturbed run was timed
        run.seconds = min(run.seconds, time.monotonic() - begin)
    run.check(complete=True)
    count.runs += 1
    count.before = sum(count.kills.values())
    count.lost += sum(result.lost_rows for result in run.results().values())


def attempt(
    run: Run,
    process: subprocess.Popen[bytes],
    modes: Sequence[str],
    count: Count,
    draw: random.Random,
    left: int,
) -> int:
    """Let one start of a command run until it ends or is killed; return its exit status."""
    deadline = time.monotonic() + LATE
    while time.monotonic() < deadline:
        with suppress(subprocess.TimeoutExpired):
            return process.wait(draw.uniform(0.0, run.seconds))
        mode = modes[sum(count.kills.values()) % len(modes)]
        if left <= 0 or not kill(process, mode, draw):
            continue
        left -= 1
        count.kills[mode] += 1
        if mode != "worker":
            status = process.wait(PATIENCE)
            gone(process.pid)
            count.early += run.check(complete=False) == 0
            return status
    raise Differs(f"{run.name}: hangs; see {run.runs / 'said.txt'}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Kill as often as asked; print how often, and what differed."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", 1)[0])
    parser.add_argument("--count", type=int, default=100, help="kills in all")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--mode", choices=(*MODES, "each"), default="group", help="who is killed")
    parser.add_argument("--case", choices=CASES, action="append", help="only these")
    asked = parser.parse_args(arguments)
    modes = MODES if asked.mode == "each" else (asked.mode,)
    draw, count = random.Random(asked.seed), Count()
    with tempfile.TemporaryDirectory(prefix="kills-") as place:
        try:
            kill_all(asked.case or list(CASES), asked.count, modes, count, draw, Path(place))
        except Differs as difference:
            say(f"after {sum(count.kills.values())} kills (seed {asked.seed}): {difference}")
            for log in sorted(Path(place).glob("*/said.txt")):
                say(f"-- {log.parent.name}: {log.read_text(errors='replace')[-2000:]}")
            return 1
    say(str(count))
    return 0


def kill_all(
    names: Sequence[str],
    number: int,
    modes: Sequence[str],
    count: Count,
    draw: random.Random,
    place: Path,
) -> None:
    """Disturb one case after the other until there were so many kills."""
    wholes = [undisturbed(name, place / f"whole {name}") for name in names]
    begin = time.monotonic()
    while (done := sum(count.kills.values())) < number:
        whole = wholes[count.runs % len(wholes)]
        run = Run(whole.name, place / f"{count.runs} {whole.name}", whole.whole, whole.seconds)
        disturb(run, modes, count, min(AT_MOST, number - done), draw)
        whole.seconds = run.seconds
        done = sum(count.kills.values())
        say(f"{done} kills in {time.monotonic() - begin:.0f} s, {count.runs} runs")


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
