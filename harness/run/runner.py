"""One trial from its folder to its end: the only place that catches an experiment's exception."""

from __future__ import annotations

import gc
import math
import random
import signal
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

from harness.meter import Interrupted, Meter
from harness.paper import Experiment, Refused, Row, number_of, resolve
from harness.plan import discover, kernels
from harness.plan.specs import Spec, config_of
from harness.record import journal, provenance
from harness.run.home import HEARTBEAT, beat, finished, locked, stop_asked
from harness.run.unwritten import Enduring
from harness.trial import CHECKPOINT, Lines, Pace, Tools, Trial
from harness.words import duration

UNGUARDED = "--no-guard"  # the option of `run` that takes the guard away
TRACEBACK = "traceback.txt"
UNSAVED = "its checkpoint could not be written"
asked_to_stop = False  # set by SIGTERM between two trials of one worker process


@dataclass(frozen=True)
class Outcome:
    """How a trial ended; the journal holds what it measured."""

    status: str
    error: str = ""
    unwritten: str = ""  # what is missing besides, although all rows are there


class Alone:
    """One process does all the work of a trial; `harness.run.ranks` has the other case."""

    ranks = 1

    def trial(
        self, spec: Spec, experiment: Experiment, lines: Lines, meter: Meter, tools: Tools
    ) -> Enduring:
        """Return the trial of a spec."""
        return Enduring(lines, meter, tools, spec.seed, spec.device)

    def rows(self, rows: Iterator[Row], trial: Trial) -> Iterator[Row]:
        """Return what the experiment yields."""
        return rows


ALONE = Alone()


class Crew(Protocol):
    """How many processes do the work of a trial together, and what that changes."""

    @property
    def ranks(self) -> int:
        """How many they are."""

    def trial(
        self, spec: Spec, experiment: Experiment, lines: Lines, meter: Meter, tools: Tools
    ) -> Enduring:
        """Return this process's trial of a spec."""

    def rows(self, rows: Iterator[Row], trial: Trial) -> Iterator[Row]:
        """Yield what the experiment yields."""


def execute(folder: Path, pace: Pace | None = None, crew: Crew = ALONE) -> Outcome:
    """Run the trial of a folder to its end, from its last checkpoint where there is one.

    `crew` are the processes that work on it; they are charged their device time together.

    Returns:
        'completed', 'stopped' (asked to), 'cut' (by its guard), or 'failed' with the reason. A
        trial that is complete already is left as it is.

    Raises:
        Refused: another process runs this trial, its journal or its spec is damaged, or this
            process computes with another instruction set than the trial's, or cannot build its
            kernels.
    """
    spec = Spec.read(folder)
    with locked(folder):
        if finished(folder):
            return Outcome("completed")
        if asked_to_stop or stop_asked(folder):
            return Outcome("stopped", "asked to stop before it began")
        try:
            return _attempt(spec, folder, pace or Pace(), crew)
        except OSError as error:  # a full disk: the journal itself cannot be written
            return Outcome(
                "failed", f"{type(error).__name__}: {error}; the last checkpoint is kept"
            )
        finally:
            gc.collect()  # networks and closures over them lie in cycles, with all their data


def _attempt(spec: Spec, folder: Path, pace: Pace, crew: Crew) -> Outcome:
    """Run the experiment once, writing its rows; turn whatever ends it into an outcome."""
    from harness.training import device  # torch loads in the worker alone

    device.prepare(spec.device, spec.threads, spec.seed)
    isa = device.instruction_set()
    if isa != spec.isa:
        raise Refused(f"{folder}: it is to run under {spec.isa}, this worker computes with {isa}")
    random.seed(spec.seed)
    paper = discover.load(spec.folder)
    experiment = next(e for e in paper.paper.experiments if e.name == spec.experiment)
    config = config_of(experiment, spec.config)
    phases = resolve(experiment.phases, config)
    replicates = number_of(experiment.replicates, config)
    clock, sync = device.clock(spec.device), device.synchroniser(spec.device)
    meter = Meter(phases, spec.limit, lambda: crew.ranks * clock(), sync, replicates)
    tools = Tools(device.save, device.load, device.random_state, device.set_random_state)
    book = journal.Journal(folder)
    trial = crew.trial(spec, experiment, book, meter, tools)
    trial.pace = pace
    told = "" if spec.kernels == kernels.TORCH else kernels.told(spec.code)
    where = device.describe(spec.device)
    origin = provenance.collect(where, spec.threads, isa, crew.ranks, told)
    own = kernels.placed(paper, experiment, spec.kernels) if told else nullcontext()

    def begin() -> Iterator[Row]:
        return crew.rows(paper.function(experiment)(config, trial), trial)

    with own, _stop_on_signal(trial), _closing(book):  # until its end is on the disk
        book.append("start", spec=asdict(spec), provenance=origin)
        outcome = _consume(begin, trial, spec)
        book.append(
            "end",
            status=outcome.status,
            error=outcome.error,
            stopped_by=meter.stopped_by if outcome.status == "completed" else outcome.status,
            cost=meter.state_dict(),
        )
    return replace(outcome, unwritten=str(trial.unwritten))


@contextmanager
def _closing(book: journal.Journal) -> Iterator[None]:
    """Close a journal; where it tells its end all the same, nothing else of closing may fail."""
    try:
        yield
    finally:
        try:
            book.close()
        except OSError:
            if journal.read(book.folder).status == "running":
                raise


def _consume(begin: Callable[[], Iterator[Row]], trial: Enduring, spec: Spec) -> Outcome:
    """Write every row that the experiment yields."""
    latest: Row = {}

    def watched() -> None:
        with trial.unwritten.allowed(HEARTBEAT):
            beat(trial, latest)
        trial.stop_requested |= stop_asked(trial.folder)
        if spec.guard is not None and trial.meter.spent("seconds") > spec.guard:
            trial.stop_requested = True

    trial.on_heartbeat = watched
    try:
        for row in begin():
            latest = row
            trial.append(row)
            _check_finite(row, trial)
    except Interrupted as stop:
        asked = asked_to_stop or stop_asked(trial.folder)
        if trial.stop_requested and not asked:  # it was the guard
            return Outcome("cut", _astray(trial, spec))
        return Outcome("stopped", f"{stop}{_unsaved(trial)}")
    except MemoryError:
        return Outcome("failed", "MemoryError: the machine's memory is full")
    except Exception as error:  # noqa: BLE001  (the one place that may)
        text = traceback.format_exc().encode(errors="backslashreplace")
        with trial.unwritten.allowed(TRACEBACK):
            (trial.folder / TRACEBACK).write_bytes(text)
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(last.filename).name}:{last.lineno}"
        return Outcome("failed", f"{type(error).__name__}: {error} ({where})")
    if not latest:
        return Outcome("failed", "the experiment yielded no row")
    return Outcome("completed")


def _unsaved(trial: Enduring) -> str:
    """Say that a trial stopped and could not save; nothing where it did, or has nothing to."""
    if CHECKPOINT not in trial.unwritten:
        return ""
    return f"; {UNSAVED}: it goes on from the one before, or from its beginning"


def _astray(trial: Enduring, spec: Spec) -> str:
    """Say why the guard stopped a trial, and how it goes on."""
    phase = trial.meter.phase
    saved = UNSAVED if CHECKPOINT in trial.unwritten else "saved"
    return (
        f"its guard of {duration(spec.guard or 0.0)} stopped it at turn "
        f"{trial.meter.ledgers[phase].turns} of {phase}, expected were about "
        f"{duration(max(1.0, spec.expected))} in all; {saved}: the same command with {UNGUARDED} "
        "goes on"
    )


def _check_finite(row: Mapping[str, Any], trial: Trial) -> None:
    for name, value in row.items():
        if isinstance(value, float) and not math.isfinite(value):
            phase = trial.meter.ledgers.get(trial.meter.phase)
            turn = 0 if phase is None else phase.turns
            raise FloatingPointError(f"{name}={value} at turn {turn} of '{trial.meter.phase}'")


@contextmanager
def _stop_on_signal(trial: Trial) -> Iterator[None]:
    """Turn SIGTERM and SIGINT into a request: save at the next turn, then leave.

    Who repeats it to a process that listens by itself gets that process's answer.
    """

    def request(signum: int, frame: FrameType | None) -> None:
        global asked_to_stop
        again, asked_to_stop = asked_to_stop, True
        trial.stop_requested = True
        answer = before[signal.Signals(signum)]
        if again and callable(answer):
            answer(signum, frame)

    before = {s: signal.signal(s, request) for s in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
