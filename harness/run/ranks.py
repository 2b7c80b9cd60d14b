"""One trial on several ranks: processes that `torchrun` started with the same command.

The first rank is the one that is watched: it resolves the request, holds the trial's folder and
writes journal and checkpoints. The others are told the trial, compute their share of every batch
(`harness.training.distributed`) and write to a scratch folder that is thrown away. All of them
stop at the same turn: whether one was asked to is agreed after each. What a checkpoint holds is
the same on all ranks, so a trial may go on with another number of them.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from types import FrameType
from typing import Any

from harness.meter import Interrupted, Meter
from harness.paper import Experiment, Refused, Row
from harness.plan.discover import Folder
from harness.plan.specs import Spec
from harness.run import home, launch, runner
from harness.run.isa import instructions
from harness.run.runner import Outcome, execute
from harness.run.unwritten import Enduring
from harness.trial import Lines, Pace, Tools, Trial

VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
PATIENCE = {
    "failed": 10.0
}  # seconds that a rank waits for the others to end a trial as it did ...
USUALLY = 120.0  # ... and elsewhere: one that has died ends this one in another way
NEVER = 1e9
GUARD, ONE, ALL = 1, 2, 3  # what stops a trial: its guard, a request for it alone, or for all


@dataclass(frozen=True)
class Place:
    """Which of how many ranks this process is, in all and on its machine."""

    rank: int = 0
    ranks: int = 1
    local: int = 0
    locals: int = 1


def here() -> Place:
    """Return the place that torchrun gave this process; one of one where it gave none."""
    if any(name not in os.environ for name in VARIABLES):
        return Place()
    rank, ranks, local, locals_ = (int(os.environ[name]) for name in VARIABLES[:4])
    return Place(rank, ranks, local, locals_)


# -- what may run ---------------------------------------------------------------------------------


def admit(
    papers: Sequence[Folder], specs: Sequence[Spec], launcher: str, host: launch.Machine
) -> None:
    """Refuse what cannot run on the ranks that torchrun started; alone, everything may.

    Raises:
        Refused: an experiment that no ranks can share, a cap of device time, another launcher,
            several trials at once, or fewer GPUs than ranks.
    """
    place = here()
    if place.ranks == 1:
        return
    where = f"torchrun, {place.ranks} ranks"
    if launcher != "local":
        raise Refused(f"--launcher {launcher}: {where}: leave out one of the two")
    able = [e.name for folder in papers for e in folder.paper.experiments if e.distributed]
    for spec in specs:
        if spec.experiment not in able:
            known = (
                f"those that can: {', '.join(able)}" if able else "this paper has none that can"
            )
            raise Refused(f"{where}: '{spec.experiment}' cannot run on several ranks; {known}")
        if spec.seconds_cap is not None:
            raise Refused(f"--gpu-days: {where} have no common clock; did you mean --steps?")
        if spec.device == "cuda" and len(host.gpus) < place.locals:
            raise Refused(
                f"{where}: {place.locals} on this machine, which has {len(host.gpus)} usable "
                f"GPUs; did you mean --nproc-per-node {len(host.gpus)}, or --device cpu?"
            )


# -- the two kinds of ranks -----------------------------------------------------------------------


def run(
    folders: Sequence[Path], host: launch.Machine, pace: Pace, watch: Callable[[], None]
) -> dict[Path, Outcome]:
    """Run trials one after another on all ranks, as the first of them.

    Raises:
        KeyboardInterrupt: asked to stop; the trial has been saved.
    """
    outcomes: dict[Path, Outcome] = {}
    with instructions(host.isa):
        crew = Crew(here(), pace, watch)
        try:
            for folder in folders:
                if crew.lost:
                    outcomes[folder] = Outcome("failed", "another rank is gone; run it again")
                    continue
                outcomes[folder] = crew.execute(folder)
                watch()
                if runner.asked_to_stop:
                    raise KeyboardInterrupt
        finally:
            crew.dismiss()
    return outcomes


def attend(isa: str, jobs: int | None) -> None:
    """Do the work of this rank and leave, where torchrun started it beside the first one.

    That one knows what is to be done, and says what is wrong.

    Raises:
        Refused: several trials at once, where several ranks work on each.
    """
    place = here()
    if place.rank:
        raise SystemExit(serve(isa))
    if place.ranks > 1 and jobs is not None and jobs > 1:
        raise Refused(f"--jobs {jobs}: torchrun, {place.ranks} ranks take one trial after another")


def serve(isa: str) -> int:
    """Compute the share of a rank that is not the first, until that says there is no more.

    Returns:
        0 when it was dismissed or asked to stop, 1 when it failed.
    """
    with instructions(isa):
        crew = Crew(here(), Pace(NEVER, NEVER))
        while order := crew.order():
            with tempfile.TemporaryDirectory() as scratch:
                spec = replace(Spec(**order["spec"]), guard=None)
                spec.write(Path(scratch))
                crew.pace.stop_after = order["stop_after"]
                outcome = crew.execute(Path(scratch))
            if runner.asked_to_stop:
                break
            if crew.lost:
                sys.stderr.write(f"error: rank {crew.place.rank}: {outcome.error}\n")
                return 1
    return 0


class Crew:
    """This rank's part of the trials that all ranks run together."""

    def __init__(self, place: Place, pace: Pace, watch: Callable[[], None] = lambda: None) -> None:
        self.place, self.pace, self.watch = place, pace, watch
        self.number = -1  # of the trial that was begun last
        self.joined = self.lost = False
        self.gpu = ""
        self.parent = os.getppid()

    @property
    def ranks(self) -> int:
        """How many ranks there are."""
        return self.place.ranks

    @cached_property
    def store(self) -> Any:
        """Where ranks leave each other notes; torchrun keeps it."""
        from harness.training import ranks

        return ranks.notes()

    # -- trials -----------------------------------------------------------------------------------

    def execute(self, folder: Path) -> Outcome:
        """Run a trial with the others, and wait until all of them have ended it."""
        from harness.training.ranks import Lost

        begun = self.number
        try:
            self._choose_gpu(Spec.read(folder).device)
            with _closed_terminal():
                outcome = execute(folder, self.pace, self)
        except Refused as refusal:
            outcome = Outcome("refused", str(refusal))
        except Lost as lost:
            self.lost, outcome = True, Outcome("failed", f"{lost}; it had not begun")
        if runner.asked_to_stop or self.lost:
            return outcome
        if self.number != begun or self.place.rank:
            self.lost = not self._together(outcome)
        return outcome

    def trial(
        self, spec: Spec, experiment: Experiment, journal: Lines, meter: Meter, tools: Tools
    ) -> Enduring:
        """Tell the others which trial begins, where this is the first rank; return it."""
        from harness.training import ranks

        if self.place.rank == 0:
            self.number += 1
            order = {"spec": asdict(spec), "stop_after": self.pace.stop_after}
            self.store.set(f"trial/{self.number}", json.dumps(order))
        if not self.joined:
            ranks.join(spec.device, self.store, self.place.rank, self.place.ranks)
            self.joined = True
        lines: Lines = Silent(journal.folder) if self.place.rank else journal
        with ranks.reaching():
            return SharedTrial(self, experiment.distributed, lines, meter, tools, spec)

    def rows(self, rows: Iterator[Row], trial: Trial) -> Iterator[Row]:
        """Yield the rows of a trial that ends, saved as it last was, where another rank does.

        Raises:
            Interrupted: another rank has ended.
            Refused: the experiment never registered a model that ranks could share.
        """
        from harness.training.ranks import Lost, reaching

        try:
            with reaching():
                yield from rows
        except Lost as lost:
            self.lost = True
            raise Interrupted(f"{lost}; the last checkpoint is kept") from lost
        if isinstance(trial, SharedTrial) and (names := trial.missed):
            raise Refused(f"distributed={names}: it trained without a model of such a name")

    # -- notes ------------------------------------------------------------------------------------

    def order(self) -> dict[str, Any]:
        """Wait for the next trial; nothing when there is none."""
        self.number += 1
        key = f"trial/{self.number}"
        while not self.store.check([key]):
            time.sleep(0.05)
            if os.getppid() != self.parent:
                return {}
        found: dict[str, Any] = json.loads(self.store.get(key))
        return found

    def dismiss(self) -> None:
        """Tell the others that there is no further trial, and part from them."""
        from harness.training import ranks

        if os.getppid() != self.parent:  # torchrun is gone, and its notes with it
            return
        self.store.set(f"trial/{self.number + 1}", "{}")
        if self.joined and not self.lost:
            ranks.leave()

    def _choose_gpu(self, device: str) -> None:
        """Let this process see the GPU of its rank alone, before torch looks for any."""
        if device == "cuda" and not self.gpu:
            gpus = launch.find_gpus()
            if self.place.local >= len(gpus):
                raise Refused(f"rank {self.place.rank}: its machine has {len(gpus)} usable GPUs")
            self.gpu = os.environ["CUDA_VISIBLE_DEVICES"] = gpus[self.place.local]

    def _together(self, outcome: Outcome) -> bool:
        """Tell whether all ranks ended the trial within the patience, each in the same way."""
        keys = [f"ended/{self.number}/{rank}" for rank in range(self.ranks)]
        self.store.set(keys[self.place.rank], outcome.status)
        try:
            patience = PATIENCE.get(outcome.status, USUALLY)
            self.store.wait(keys, timedelta(seconds=patience))
        except RuntimeError:  # DistStoreError: a note is missing, or the store is gone
            return False
        return {self.store.get(key).decode() for key in keys} == {outcome.status}


@contextmanager
def _closed_terminal() -> Iterator[None]:
    """Let a terminal that is closed stop a trial as SIGTERM does; torchrun hands that down."""

    def request(number: int, frame: FrameType | None) -> None:
        runner.asked_to_stop = True

    before = signal.getsignal(signal.SIGHUP)
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, request)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


@dataclass(frozen=True)
class Silent:
    """What a trial writes on a rank that is not the first: nothing, for that one has it."""

    folder: Path

    def append(self, kind: str, **content: Any) -> None:
        """Write no line."""

    def sync(self) -> None:
        """Have nothing to flush."""

    def close(self) -> None:
        """Have nothing to close."""


class SharedTrial(Enduring):
    """A trial on several ranks; only the first of them saves, and all stop at the same turn."""

    def __init__(
        self,
        crew: Crew,
        models: Sequence[str],
        journal: Lines,
        meter: Meter,
        tools: Tools,
        spec: Spec,
    ) -> None:
        from harness.training import ranks

        self.crew, self.ranks = crew, ranks
        self.models, self._awaited = tuple(models), set(models)
        self._first = crew.place.rank == 0
        self._shown_at = 0.0
        super().__init__(journal, meter, tools, spec.seed, spec.device)

    def restore(self, **stateful: Any) -> None:
        """Register what has state; the models that ranks share compute their part from now on."""
        from harness.training import distributed

        for name in self.models:
            if name in stateful:
                distributed.share(stateful[name])
                self._awaited.discard(name)
        super().restore(**stateful)

    @property
    def missed(self) -> str:
        """Which models it should have registered before it took turns, and did not."""
        return ", ".join(sorted(self._awaited)) if self._turns_done else ""

    def save(self) -> None:
        """Write a checkpoint, on the first rank: the state is the same on all."""
        if self._first:
            super().save()

    def _turn(self) -> None:
        why = self.ranks.highest(self._why_stop())
        self.stop_requested = why > 0
        runner.asked_to_stop = why == ALL
        if why == ONE:
            home.ask_stop(self.folder)  # in the scratch folders of other ranks too
        if time.monotonic() - self._shown_at >= launch.POLL:
            self._shown_at = time.monotonic()
            self.crew.watch()
        super()._turn()

    def _why_stop(self) -> int:
        """Return what this rank knows of why the trial should stop now; 0 where it should not."""
        if runner.asked_to_stop or os.getppid() != self.crew.parent:  # torchrun is gone
            return ALL
        if not self.stop_requested:
            return 0
        return ONE if home.stop_asked(self.folder) else GUARD

    def _read_checkpoint(self) -> dict[str, Any] | None:
        found = super()._read_checkpoint() if self._first else None
        content: dict[str, Any] | None = self.ranks.told(found)
        return content
