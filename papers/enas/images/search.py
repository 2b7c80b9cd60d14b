"""ENAS's search of cells on images, and what its cell is worth when trained from scratch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from papers.cells.child import retrained
from papers.enas.images.child import FinalTestbed
from papers.enas.micro import Design
from papers.enas.micro_search import searched
from papers.enas.signals.config import space

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.enas.images.config import MicroSearch


def run(config: MicroSearch, trial: Trial) -> Iterator[Row]:
    """Search, derive a cell, train it from scratch."""
    bed = FinalTestbed.load(config, trial.device)
    design = Design(config.channels, config.cells, space=space(config.nodes))
    search = searched(design, config, bed.rows, trial.stream)
    yield from retrained.run(search, bed, trial, config.eval_every, config.child_every)
