"""ENAS's search of cells on signals, and what its cell is worth when trained from scratch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from papers.cells.child import retrained, testbed
from papers.enas.micro import Design
from papers.enas.micro_search import searched
from papers.enas.signals.config import space

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.enas.signals.config import SignalSearch


def run(config: SignalSearch, trial: Trial) -> Iterator[Row]:
    """Search, derive a cell, train it from scratch."""
    bed = testbed.of(config, trial.device)
    rows, own = bed.rows, space(config.nodes)
    design = Design(config.channels, config.cells, rows.dim, rows.inputs, space=own)
    search = searched(design, config, rows, trial.stream)
    yield from retrained.run(search, bed, trial, config.eval_every, config.child_every)
