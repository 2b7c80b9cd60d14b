"""How the trials of one command fare on SLURM: what waits, what came back, what died and why."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.paper import Refused
from harness.record import journal
from harness.run.home import HEARTBEAT
from harness.run.lifeline import PATIENCE
from harness.run.runner import Outcome
from harness.run.slurm import controller
from harness.run.slurm.batch import Batch, dealt, log_of, open_batches
from harness.run.slurm.controller import Array, Job, Unreachable
from harness.run.slurm.sbatch import Flags

GLANCE, LOOK, RARELY = 1.0, 10.0, 60.0  # seconds between looks: at files, at squeue, at silence
LATE = 5.0  # seconds that a file system may take to show what a job wrote
FRESH = 60.0  # seconds since its last sign of life in which a job that nobody knows still runs
OLD = 600.0  # seconds after which nobody is about to submit what was noted
FULL = ("submit job limit", "job submit limit", "SubmitJobLimit", "MaxSubmitJob")

Submit = Callable[[Batch, int, Flags], str]


@dataclass
class Place:
    """Where a trial is: which task of which array, with the job's number once it is known."""

    batch: Batch
    task: int
    number: str = ""
    ended: float = 0.0


@dataclass
class Parcel:
    """An array that is still to be submitted, how many of its tasks run at once, after what."""

    batch: Batch
    parallel: int
    after: Parcel | None = None
    number: str = ""
    doubtful: bool = False  # it was submitted, and no answer came


class Watcher:
    """Trials on their way: not submitted yet, submitted, ended."""

    def __init__(
        self, runs: Path, folders: Sequence[Path], submit: Submit, say: Callable[[str], None]
    ) -> None:
        self.outcomes: dict[Path, Outcome] = {}
        self._runs, self._submit, self._say = runs, submit, say
        self._names = {os.path.normpath(folder): folder for folder in folders}
        self._sizes = {folder: _size(folder) for folder in folders}
        self._new = list(folders)  # whether they are queued already is not known yet
        self._places: dict[Path, Place] = {}
        self._parcels: list[Parcel] = []
        self._said: set[str] = set()
        self._glance = self._next = 0.0
        self._pause = LOOK
        self._away = False
        self._accounts = True  # whether the cluster's accounts have answered so far

    def deal(self, jobs: int, asked: Flags) -> None:
        """Say how many trials run at once, and with which flags."""
        self._jobs, self._asked = jobs, asked

    @property
    def open(self) -> bool:
        """Whether anything is still to come."""
        return bool(self._new or self._parcels or self._places)

    def look(self) -> None:
        """Take what came back; now and then ask the controller, and submit what is to be.

        Raises:
            Refused: the cluster takes none of the jobs.
        """
        now = time.monotonic()
        if now >= self._glance:
            self._glance = now + GLANCE
            self._collect()
        if now < self._next or not self.open:
            return
        try:
            self._adopt()
            self._settle(controller.arrays({place.batch.name for place in self._places.values()}))
            self._send()
        except Unreachable as error:
            self._pause = min(2 * self._pause, RARELY)
            if not self._away:
                self._say(f"SLURM does not answer, its jobs go on by themselves ({error})")
            self._away = True
        else:
            self._pause = LOOK
            if self._away:
                self._say("SLURM answers again")
            self._away = False
        late = any(place.ended for place in self._places.values())
        self._next = time.monotonic() + (LATE if late else self._pause)

    # -- there already, or to be submitted --------------------------------------------------------

    def _adopt(self) -> None:
        """Take over what an earlier command submitted and SLURM still has."""
        if not self._new:
            return
        batches = open_batches(self._runs)
        found = controller.arrays([batch.name for batch in batches])
        for batch in batches:
            live = _live(batch, found.get(batch.name))
            for place in live:
                folder = self._names.get(os.path.normpath(batch.trials[place.task]))
                if folder in self._new:
                    self._places[folder] = place
            if not live and _age(batch) > OLD:
                batch.close()
        if self._places:
            numbers = [place.number for place in self._places.values()]
            self._say(f"{_trials(numbers)} in SLURM's queue already: {_few(numbers)}")
        self._pack([folder for folder in self._new if folder not in self._places])
        self._new = []

    def _pack(self, folders: list[Path]) -> None:
        """Make arrays of trials, so that no more tasks run at once than may.

        Arrays share the number between them; those that are more than it wait for others.
        """
        if not folders:
            return
        arrays = dealt(folders, controller.largest_array())
        lanes = min(len(arrays), self._jobs)
        parcels: list[Parcel] = []
        for index, trials in enumerate(arrays):
            lane = index % lanes
            share = self._jobs // lanes + (lane < self._jobs % lanes)
            after = parcels[index - lanes] if index >= lanes else None
            parcels.append(Parcel(Batch(self._runs, trials), share, after))
        self._parcels += parcels

    def _send(self) -> None:
        """Submit what has not been, until the cluster takes no more for now."""
        sent: list[str] = []
        while self._parcels:
            parcel = self._parcels[0]
            if parcel.doubtful:
                self._take_back(parcel)
            try:
                parcel.number = self._submit(parcel.batch, parcel.parallel, self._flags(parcel))
            except Unreachable:
                parcel.doubtful = True
                raise
            except Refused as refusal:
                if not (self._places and any(words in str(refusal) for words in FULL)):
                    raise Refused(f"--launcher slurm: {refusal}") from refusal
                self._once(f"{refusal}; the rest follows when there is room")
                break
            self._parcels.pop(0)
            single = len(parcel.batch.trials) == 1
            for task, trial in enumerate(parcel.batch.trials):
                number = parcel.number if single else f"{parcel.number}_{task}"
                self._places[trial] = Place(parcel.batch, task, number)
                sent.append(number)
        if sent:
            bases = dict.fromkeys(number.partition("_")[0] for number in sent)
            where = self._runs / "slurm"
            self._say(f"{_trials(sent)} submitted to SLURM: {_few(list(bases))}; logs: {where}/")

    def _flags(self, parcel: Parcel) -> Flags:
        if parcel.after is None:
            return self._asked
        own = self._asked.get("dependency")
        after = f"afterany:{parcel.after.number}"
        return {**self._asked, "dependency": f"{own},{after}" if own else after}

    def _take_back(self, parcel: Parcel) -> None:
        """Cancel what was submitted without an answer, and give it another name."""
        array = controller.arrays([parcel.batch.name]).get(parcel.batch.name)
        if array is not None:
            controller.cancel(array.numbers)
        parcel.batch.close()
        parcel.batch, parcel.doubtful = Batch(self._runs, parcel.batch.trials), False

    # -- on their way -----------------------------------------------------------------------------

    def _collect(self) -> None:
        """Take what jobs returned; who was asked to stop may yet come back from the queue."""
        for batch in _batches(self._places):
            for number in batch.returned():
                folder = batch.trials[int(number.partition("_")[2] or 0)]
                folder = self._names.get(os.path.normpath(folder), folder)
                if folder in self._places and self._places[folder].batch.name == batch.name:
                    outcome = batch.outcome(number)
                    if outcome is not None and outcome.status != "stopped":
                        self._end(folder, outcome)

    def _settle(self, found: Mapping[str, Array]) -> None:
        """Judge the trials whose jobs have ended or are forgotten."""
        for folder, place in list(self._places.items()):
            array = found.get(place.batch.name)
            job = array.task(place.task) if array is not None else None
            if job is not None and not job.ended:
                place.ended = 0.0
                place.number = job.number if "_" in job.number else place.number or job.number
                if job.stuck:
                    self._once(f"job {place.number} waits: {job.stuck}")
                continue
            place.ended = place.ended or time.monotonic()
            if time.monotonic() - place.ended < LATE or (job is None and self._lives(folder)):
                continue
            if job is not None and job.state == "PREEMPTED":
                self._once(f"job {place.number} was preempted; its trial is submitted again")
                del self._places[folder]
                self._parcels.append(Parcel(Batch(self._runs, [folder]), 1))
                continue
            self._end(folder, self._judge(folder, place, job))

    def _judge(self, folder: Path, place: Place, job: Job | None) -> Outcome:
        """Say how a trial ended whose job is no more."""
        outcome = place.batch.outcome(place.number)
        if outcome is not None:
            return outcome
        if _size(folder) > self._sizes[folder]:
            try:
                result = journal.read(folder)
            except journal.Damaged as damage:
                return Outcome("failed", str(damage))
            if result.status in ("completed", "cut", "stopped"):
                return Outcome(result.status, result.error)
        if job is None:
            job = self._forgotten(place.number)
        log = log_of(place.batch.logs, place.number)
        state = job.state if job is not None else "gone, and SLURM does not say why"
        text = f"job {place.number}: {state}"
        if job is not None and not job.stopped and job.reason not in ("", "None"):
            text += f" ({job.reason})"
        text += f"{_last_words(log)}; log: {log}" if log.exists() else ""
        return Outcome("stopped" if job is not None and job.stopped else "failed", text)

    def _forgotten(self, number: str) -> Job | None:
        """Ask the accounts, where there are any."""
        if not self._accounts:
            return None
        try:
            return controller.forgotten([number]).get(number)
        except (Refused, Unreachable):
            self._accounts = False
            return None

    def _lives(self, folder: Path) -> bool:
        """Whether a trial shows a sign of life although the controller does not know its job."""
        try:
            if _size(folder) > self._sizes[folder] and journal.read(folder).status != "running":
                return False
        except journal.Damaged:  # it is told where the trial is judged
            return False
        times = [path.stat().st_mtime for path in _signs(folder)]
        return bool(times) and time.time() - max(times) < FRESH

    def _end(self, folder: Path, outcome: Outcome) -> None:
        self.outcomes[folder] = outcome
        batch = self._places.pop(folder).batch
        if not any(place.batch.name == batch.name for place in self._places.values()):
            batch.close()

    def _once(self, line: str) -> None:
        if line not in self._said:
            self._said.add(line)
            self._say(line)

    # -- asked to stop ----------------------------------------------------------------------------

    def cancel(self) -> None:
        """Cancel what is on its way and wait, in bounded time, until those that run have saved."""
        places = list(self._places.values())
        if not places and not self._parcels:
            return
        self._say(f"{_trials(places)} cancelled in SLURM; what runs saves first")
        names = {place.batch.name for place in places}
        names |= {parcel.batch.name for parcel in self._parcels if parcel.doubtful}
        try:
            controller.cancel(list(self._numbers(places)))
            end = time.monotonic() + PATIENCE
            while time.monotonic() < end and self._any_left(controller.arrays(names)):
                time.sleep(GLANCE)
        except (Refused, Unreachable) as error:
            self._say(
                f"SLURM does not answer, so its jobs are not cancelled and go on ({error}); "
                "the same command finds them"
            )

    def _numbers(self, places: Sequence[Place]) -> Iterator[str]:
        """Yield what to cancel: arrays as a whole where all their trials are this command's."""
        for batch in _batches(self._places):
            own = [place.number for place in places if place.batch.name == batch.name]
            known = {os.path.normpath(trial) for trial in batch.trials}
            if known <= set(self._names):
                yield own[0].partition("_")[0]
            else:
                yield from own
        for parcel in self._parcels:
            if parcel.doubtful:
                array = controller.arrays([parcel.batch.name]).get(parcel.batch.name)
                yield from array.numbers if array is not None else []

    def _any_left(self, found: Mapping[str, Array]) -> bool:
        for place in self._places.values():
            array = found.get(place.batch.name)
            job = array.task(place.task) if array is not None else None
            if job is not None and not job.ended:
                return True
        return False


def _live(batch: Batch, array: Array | None) -> list[Place]:
    if array is None:
        return []
    jobs = {task: array.task(task) for task in range(len(batch.trials))}
    return [
        Place(batch, task, job.number)
        for task, job in jobs.items()
        if job is not None and not job.ended
    ]


def _batches(places: Mapping[Path, Place]) -> list[Batch]:
    return list({place.batch.name: place.batch for place in places.values()}.values())


def _age(batch: Batch) -> float:
    return time.time() - batch.logs.stat().st_mtime


def _size(folder: Path) -> int:
    path = folder / journal.NAME
    return path.stat().st_size if path.exists() else 0


def _signs(folder: Path) -> list[Path]:
    return [path for path in (folder / journal.NAME, folder / HEARTBEAT) if path.exists()]


def _last_words(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return ""
    words = [" ".join(line.split()) for line in lines if line.strip()]
    telling = [line for line in words if re.search("error|kill", line, re.IGNORECASE)]
    return f": {(telling or words)[-1][:200]}" if words else ""


def _trials(some: Sequence[object]) -> str:
    return "1 trial is" if len(some) == 1 else f"{len(some):,} trials are"


def _few(numbers: Sequence[str]) -> str:
    shown = ", ".join(numbers[:5])
    return f"job{'s' * (len(numbers) > 1)} {shown}" + (", ..." if len(numbers) > 5 else "")
