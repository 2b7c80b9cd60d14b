"""A search on the DARTS cell space (Alg. 1), and what its cell is worth when trained from scratch.

Three errors tell the story: of the supernet, all operations weighted; of the derived cell with the
supernet's weights; and of the derived cell trained from scratch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from harness.training import loop
from papers.cells.child import testbed
from papers.cells.child.testbed import Kept, Training, train
from papers.cells.space.record import keep_genotype
from papers.cells.supernet.node import Design
from papers.darts.method import searched as of

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.darts.space.config import ImageSearch, SignalSearch

SEARCH, RETRAIN = "search", "retrain"


def run(config: SignalSearch | ImageSearch, trial: Trial) -> Iterator[Row]:
    """Search, derive a cell, train it from scratch."""
    bed, meter = testbed.of(config, trial.device), trial.meter
    kept: Kept = {}
    trial.uses(bed.rows.dataset, bed.rows.digest)
    design = Design(config.channels, config.cells, dim=bed.rows.dim, inputs=bed.rows.inputs)
    searched = of(design, config, bed.rows, config.batch, trial.stream)
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

    yield from loop.fit(meter, SEARCH, update, measure, config.eval_every)
    found = searched.genotype
    seed = partial(trial.stream, RETRAIN)
    begin = partial(bed.child, found, bed.parts, seed)
    yield from train(Training(RETRAIN, begin, bed.parts, config.child_every), trial, kept)
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
