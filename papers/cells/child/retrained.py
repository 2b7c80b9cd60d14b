"""A search on a testbed, and what its cell is worth when trained from scratch.

Three errors tell the story: of the search network; of the derived cell with the shared weights;
and of the derived cell trained from scratch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from harness.training import loop
from papers.cells.child.testbed import Kept, Testbed, Training, train
from papers.cells.space.genotype import Genotype
from papers.cells.space.record import keep_genotype

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial

SEARCH, RETRAIN = "search", "retrain"


class NodeSearcher(Protocol):
    """What searches node cells; `papers.cells.supernet.shared.NodeSearch` is one."""

    @property
    def stateful(self) -> dict[str, Any]:
        """Everything that a resumed trial restores, by name."""
        ...

    @property
    def flops(self) -> float:
        """FLOPs of a step."""
        ...

    @property
    def genotype(self) -> Genotype:
        """The cells that it stands for now."""
        ...

    def step(self, turn: int, horizon: int) -> None:
        """Take one step."""
        ...

    def row(self) -> dict[str, float]:
        """Return how far it has come."""
        ...

    def error(self) -> float:
        """Return the search network's error on validation rows."""
        ...

    def discrete_error(self) -> float:
        """Return the same of the derived cell, not retrained."""
        ...


def run(
    searched: NodeSearcher, bed: Testbed, trial: Trial, eval_every: int, child_every: int
) -> Iterator[Row]:
    """Search, derive a cell, train it from scratch; rows come every so many turns of each."""
    meter, kept = trial.meter, Kept()
    trial.uses(bed.rows.dataset, bed.rows.digest)
    trial.restore(**searched.stateful, kept=kept)
    meter.count_flops(SEARCH, searched.flops)
    horizon = meter.horizon(SEARCH)

    def row() -> dict[str, float]:
        errors = {"val_error": searched.error(), "discrete_error": searched.discrete_error()}
        return {**searched.row(), **errors}

    def update(turn: int) -> None:
        searched.step(turn, horizon)

    def measure(turn: int) -> list[Row]:
        values = row()
        kept[SEARCH] = {**values, "turn": turn}
        return [{**values, "at": turn + 1}]

    yield from loop.fit(meter, SEARCH, update, measure, eval_every)
    found = searched.genotype
    begin = partial(bed.child, found, bed.parts, partial(trial.stream, RETRAIN))
    yield from train(Training(RETRAIN, begin, bed.parts, child_every), trial, kept)
    final = {**newest(kept, horizon, row), **result(kept)}
    keep_genotype(trial.artifacts, found, summary(final))
    yield {**final, "cell": found.text, "dataset": bed.rows.dataset}


def newest(kept: Kept, horizon: int, row: Callable[[], dict[str, float]]) -> dict[str, float]:
    """Return the search's last row; where time ran out before its horizon, a new one."""
    values = dict(kept.get(SEARCH, {}))
    return values if values.pop("turn", -1) == horizon - 1 else row()


def result(kept: Kept) -> dict[str, float]:
    """Return the last row of the retrained network, its test error under the task's name."""
    row = dict(kept.get(RETRAIN, {}))
    names = {"child_test_error": "test_error", "child_parameters": "parameters"}
    return {names.get(name, name): value for name, value in row.items()}


def summary(row: dict[str, float]) -> str:
    """Return what the terminal says of the cell."""
    percent = {name: f"{100 * row[name]:.1f} %" for name in row if name.endswith("_error")}
    return (
        f"test error {percent.get('test_error', 'unknown')} after training from scratch; on "
        f"validation rows the supernet had {percent['val_error']}, and "
        f"{percent['discrete_error']} with these operations alone"
    )
