"""A search of a reduced space, watched: skip connections, curvature, and when to end it.

Off the clock every evaluation takes the supernet's validation error, the derived cell, how far
skip connections are ahead of convolutions, and the dominant eigenvalue of the Hessian by alpha on
one batch of validation rows, always the same one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from papers.cells.child import mnist1d, signals
from papers.cells.rows import Batch, BatchStream
from papers.cells.space.genotype import Genotype
from papers.cells.space.record import keep_genotype
from papers.cells.supernet.node import Design
from papers.cells.supernet.shared import NodeSearch
from papers.darts.method import searched as of
from papers.darts.robustness import curvature, history, spaces
from papers.darts.robustness.history import History

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.darts.robustness.config import Collapse


def run(config: Collapse, trial: Trial) -> Iterator[Row]:
    """Search, evaluate on the way, end early if told to, and sum up."""
    rows, meter = signals.rows(mnist1d.Signals.load(where=trial.device)), trial.meter
    trial.uses(rows.dataset, rows.digest)
    design = spaces.reduced(config.space, Design(config.channels, config.cells, dim=1, inputs=1))
    searched = of(design, config, rows, config.batch, trial.stream)
    alphas = searched.optimizers.problem.alphas
    past = History(curvature.start(alphas, trial.stream("direction")), config.rule)
    trial.restore(**searched.stateful, past=past)
    judged = next(BatchStream(rows.val, config.batch, trial.stream("curvature", "order")))
    horizon = meter.horizon("search")
    meter.count_flops("search", searched.flops)
    for turn in meter.steps("search"):  # not loop.fit, which always goes to the end
        if config.early_stopping and past.stopped is not None:
            break
        searched.step(turn, horizon)
        if turn % config.eval_every == 0 or turn == horizon - 1:
            with meter.paused():
                yield evaluated(config, searched, past, judged, turn)
    yield result(config, searched, past, trial)


def evaluated(
    config: Collapse, searched: NodeSearch, past: History, judged: Batch, turn: int
) -> Row:
    """Return where the search stands after a turn, and keep it; `at` is in epochs."""
    problem, edges = searched.optimizers.problem, searched.design.operations(False)
    iterations = config.iterations if past.rows else config.first_iterations
    value, past.direction = curvature.dominant(
        problem.twice(judged), problem.alphas, past.direction, iterations
    )
    cell = searched.genotype
    row = {
        **searched.row(),
        **history.noises(cell, edges),
        "skip_gap": history.gap(searched.weights[0], edges),
        "eigenvalue": value,
        "val_error": searched.error(),
    }
    past.note({**row, "turn": turn}, cell)
    return {**row, "at": (turn + 1) * len(judged[1]) / len(searched.rows.train.y)}


def result(config: Collapse, searched: NodeSearch, past: History, trial: Trial) -> Row:
    """Return the final row: the newest evaluation, trends, and the cell that is the result."""
    place = past.stopped if config.early_stopping else None
    place = len(past.rows) - 1 if place is None else place
    row, cell = past.rows[place], Genotype.parse(past.cells[place])
    values = {name: value for name, value in row.items() if name != "turn"}
    said = (
        f"{row['skips']:.0f} of 8 operations of the normal cell are skip connections, "
        f"after {row['turn'] + 1:.0f} steps"
    )
    keep_genotype(trial.artifacts, cell, said)
    return {
        **values,
        **past.summary(),
        "result_turn": row["turn"],
        "discrete_error": searched.discrete_error(cell),
        "cell": cell.text,
    }
