"""What has been spent: the only clock, and the only stop sign.

The meter charges SGD steps, device seconds and FLOPs to named phases; evaluation and logging
happen off the clock, inside `paused()`. Clock and device sync are injected, so it needs no torch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from harness.budget import Limit
from harness.paper import Refused, require

WARM_UP, TIMED = 2, 5  # calibration turns


class Interrupted(Exception):
    """The trial was asked to stop; its checkpoint is saved."""


@dataclass
class Ledger:
    """What one phase has spent, and where it will end."""

    length: int
    cost: int
    horizon: int
    bound_by: str = "length"
    turns: int = 0
    steps: int = 0
    seconds: float = 0.0
    flops: float = 0.0
    turn_flops: float = 0.0
    calibrated: float | None = None
    stopped_by: str = ""


class Meter:
    """Counts, times and stops the phases of one trial."""

    def __init__(
        self,
        phases: Mapping[str, tuple[int, int]],
        limit: Limit,
        clock: Callable[[], float] = time.perf_counter,
        sync: Callable[[], None] = lambda: None,
        replicates: int = 1,
    ) -> None:
        """Take {phase: (turns, steps charged per turn)}, as `Phase.resolve` gives them.

        `replicates` runs share every turn: each is charged its steps, and the cap of device time
        is that of all of them together.
        """
        self.limit = limit
        self.replicates = replicates
        self.ledgers: dict[str, Ledger] = {}
        self.phase = ""
        self.on_turn: Callable[[], None] = lambda: None
        self.on_skip: Callable[[str], None] = lambda phase: None
        self._clock, self._sync = clock, sync
        self._running_since: float | None = None
        for phase, (length, cost) in phases.items():
            self.ledgers[phase] = Ledger(length, cost, length)
            if limit.steps is not None and limit.steps < length * cost:
                if limit.steps < cost:
                    raise Refused(
                        f"steps={limit.steps}: one turn of '{phase}' is charged {cost} steps"
                    )
                self._shorten(self.ledgers[phase], limit.steps // cost, "steps")

    # -- what a paper calls ---------------------------------------------------------------------

    def horizon(self, phase: str) -> int:
        """Return how many turns the phase will have at most: the length of its schedules."""
        return self._ledger(phase).horizon

    def done(self, phase: str) -> bool:
        """Tell whether a phase has ended, as it has on the way to where a resumed trial was.

        Its rows are in the journal and its models are not in the checkpoint: skip it.
        """
        if self._ledger(phase).turns < self.horizon(phase):
            return False
        self.phase = phase
        self.on_skip(phase)
        return True

    def calibrate(self, phase: str, turn: Callable[[], object]) -> int:
        """Time some throw-away turns and fix the horizon that the device time left allows.

        Where no device time binds, nothing runs. The horizon is decided once and saved in every
        checkpoint, so that a resumed run keeps the schedule it began with.
        """
        ledger = self._ledger(phase)
        if self.limit.seconds is None or ledger.calibrated is not None:
            return ledger.horizon
        seconds = [self._timed(turn) for _ in range(WARM_UP + TIMED)][WARM_UP:]
        ledger.calibrated = median(seconds)
        affordable = int((self.limit.seconds - self.spent("seconds")) / ledger.calibrated)
        self._shorten(ledger, max(1, affordable), "seconds")
        return ledger.horizon

    def count_flops(self, phase: str, flops: float) -> None:
        """Say how many FLOPs one turn of the phase takes; they are charged per turn."""
        self._ledger(phase).turn_flops = flops

    def steps(self, phase: str) -> Iterator[int]:
        """Yield turn numbers from where the phase stands; count, time, save and stop.

        A turn that the loop leaves by `break` or an exception is charged its time, not its steps.
        """
        ledger, self.phase = self._ledger(phase), phase
        while not self._reason_to_stop(ledger):
            self._start()
            try:
                yield ledger.turns
            finally:
                self._stop(ledger)
            ledger.turns += 1
            ledger.steps += ledger.cost * self.replicates
            ledger.flops += ledger.turn_flops
            self.on_turn()
        self._start()
        self._sync()  # work that the device still has in flight belongs to this phase
        self._stop(ledger)
        ledger.stopped_by = self._reason_to_stop(ledger)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Take evaluation and logging off the clock."""
        ledger = self.ledgers.get(self.phase)
        running = self._running_since is not None
        if running and ledger is not None:
            self._sync()
            self._stop(ledger)
        try:
            yield
        finally:
            if running:
                self._sync()
                self._start()

    @contextmanager
    def timed(self, phase: str) -> Iterator[None]:
        """Charge device time to a phase that has no SGD steps (a fit by a library, say)."""
        ledger, self.phase = self.ledgers.setdefault(phase, Ledger(1, 0, 1)), phase
        self._start()
        try:
            yield
        finally:
            self._sync()
            self._stop(ledger)
        ledger.turns, ledger.stopped_by = 1, "length"
        self.on_turn()

    # -- what the harness reads -----------------------------------------------------------------

    def spent(self, currency: str) -> float:
        """Return the sum of one currency (steps, seconds, flops) over all phases."""
        return float(sum(getattr(ledger, currency) for ledger in self.ledgers.values()))

    @property
    def stopped_by(self) -> str:
        """'length' where every phase ran as long as declared; else the cap that cut one."""
        reasons = [ledger.stopped_by for ledger in self.ledgers.values()]
        return next((reason for reason in reasons if reason not in ("length", "")), "length")

    def state_dict(self) -> dict[str, Any]:
        """Return everything that a resumed trial needs to go on counting."""
        return {phase: asdict(ledger) for phase, ledger in self.ledgers.items()}

    def load_state_dict(self, state: Mapping[str, Mapping[str, Any]]) -> None:
        """Take the counts of an earlier attempt over."""
        for phase, ledger in state.items():
            self.ledgers[phase] = Ledger(**ledger)

    # -- the clock ------------------------------------------------------------------------------

    def _ledger(self, phase: str) -> Ledger:
        return self.ledgers[require(phase, self.ledgers, "phase")]

    def _reason_to_stop(self, ledger: Ledger) -> str:
        if ledger.turns >= ledger.horizon:
            return ledger.bound_by
        if self.limit.seconds is None:
            return ""
        next_turn = ledger.seconds / max(1, ledger.turns)
        return "seconds" if self.spent("seconds") + next_turn > self.limit.seconds else ""

    @staticmethod
    def _shorten(ledger: Ledger, turns: int, bound_by: str) -> None:
        if turns < ledger.horizon:
            ledger.horizon, ledger.bound_by = turns, bound_by

    def _start(self) -> None:
        self._running_since = self._clock()

    def _stop(self, ledger: Ledger) -> None:
        if self._running_since is not None:
            ledger.seconds += self._clock() - self._running_since
            self._running_since = None

    def _timed(self, turn: Callable[[], object]) -> float:
        self._sync()
        begin = self._clock()
        turn()
        self._sync()
        return self._clock() - begin
