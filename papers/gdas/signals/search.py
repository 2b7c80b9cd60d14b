"""GDAS's search on signals (Alg. 1), and what its cell is worth when trained from scratch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from papers.cells.child import retrained, testbed
from papers.cells.supernet.node import Design
from papers.gdas.node_search import Sampled

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.gdas.signals.config import SignalSearch


def run(config: SignalSearch, trial: Trial) -> Iterator[Row]:
    """Search with one sampled operation an edge, derive a cell, train it from scratch."""
    bed = testbed.of(config, trial.device)
    design = Design(config.channels, config.cells, dim=bed.rows.dim, inputs=bed.rows.inputs)
    found = Sampled(design, config, bed.rows, config.batch, trial.stream, config.derivation)
    for row in retrained.run(found, bed, trial, config.eval_every, config.child_every):
        yield {**row, **found.both()} if "cell" in row else row
