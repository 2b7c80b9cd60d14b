"""DARTS's search on signals (Alg. 1), and what its cell is worth when trained from scratch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from papers.cells.child import retrained, testbed
from papers.cells.supernet.node import Design
from papers.darts.method import searched

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.darts.signals.config import SignalSearch


def run(config: SignalSearch, trial: Trial) -> Iterator[Row]:
    """Search, derive a cell, train it from scratch."""
    bed = testbed.of(config, trial.device)
    design = Design(config.channels, config.cells, dim=bed.rows.dim, inputs=bed.rows.inputs)
    search = searched(design, config, bed.rows, config.batch, trial.stream)
    yield from retrained.run(search, bed, trial, config.eval_every, config.child_every)
