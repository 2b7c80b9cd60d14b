"""Where cells are searched and trained: what signals and images have in common, and the loop.

Training from scratch is a phase of a trial. What is reported is the last turn, never the best;
the test set is opened after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from harness.training import loop
from papers.cells.child.config import ImageChildren, SignalChildren
from papers.cells.child.images import ImageTestbed
from papers.cells.child.signals import SignalTestbed
from papers.cells.rows import Rows, Seed
from papers.cells.space.genotype import Genotype

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial

Kept = dict[str, dict[str, float]]  # final rows of trainings, by phase: they outlive the networks


class Child(Protocol):
    """A network that trains from scratch; `horizon` is how many turns its schedules have."""

    horizon: int

    @property
    def stateful(self) -> dict[str, Any]:
        """Everything that a resumed trial restores, by name."""
        ...

    @property
    def flops(self) -> float:
        """FLOPs of an average update."""
        ...

    @property
    def parameters(self) -> int:
        """Trainable numbers, without a second classifier's."""
        ...

    def update(self, turn: int) -> None:
        """Take one step."""
        ...

    def row(self, done: int) -> dict[str, float]:
        """Return what is known after `done` turns."""
        ...

    def error(self, part: str) -> float:
        """Return the share of a part's rows, `val` or `test`, that is misclassified."""
        ...


class Testbed(Protocol):
    """Data to search on, and children."""

    @property
    def rows(self) -> Rows:
        """What a search sees."""
        ...

    @property
    def parts(self) -> tuple[str, ...]:
        """What the training of a found cell is judged on."""
        ...

    def child(self, genotype: Genotype, parts: tuple[str, ...], seed: Seed) -> Child:
        """Return an untrained network; the parts that will judge it stay out of its training."""
        ...


def of(config: SignalChildren | ImageChildren, where: str) -> Testbed:
    """Return the testbed that a config speaks of, its data on a device."""
    if isinstance(config, SignalChildren):
        return SignalTestbed.load(config, where)
    return ImageTestbed.load(config, where)


@dataclass(frozen=True)
class Training:
    """A training from scratch: its phase, its network, and which parts its last row judges.

    Rows before the last one come every so many turns (0: none), and judge nothing but `val`.
    """

    phase: str
    begin: Callable[[], Child]
    parts: tuple[str, ...]
    every: int = 0


def train(training: Training, trial: Trial, kept: Kept) -> Iterator[Row]:
    """Train from scratch as a phase of a trial, and keep the last row.

    A phase that is over, as it is on the way to where a resumed trial was, has no rows.
    """
    meter, phase = trial.meter, training.phase
    if meter.done(phase):
        return
    child, rehearsal = training.begin(), cache(training.begin)
    trial.restore(**child.stateful)
    last = child.horizon = meter.horizon(phase)
    child.horizon = meter.calibrate(phase, lambda: rehearsal().update(last - 1))
    meter.count_flops(phase, child.flops)

    def row(done: int) -> dict[str, float]:
        over = done == child.horizon
        judged = [part for part in training.parts if over or part == "val"]
        values = {"parameters": child.parameters, **child.row(done)}
        values = {f"child_{name}": value for name, value in values.items()}
        values |= {f"child_{part}_error": child.error(part) for part in judged}
        if over:
            kept[phase] = values
        return values

    def measure(turn: int) -> Iterator[Row]:
        if training.every or turn == child.horizon - 1:
            yield row(turn + 1)

    every = training.every or child.horizon
    yield from loop.fit(meter, phase, child.update, measure, every)
    done = meter.ledgers[phase].turns
    if done < child.horizon:  # time ran out before the schedule did
        child.horizon = done
        yield row(done)
