"""GDAS's search on images (Alg. 1), and what its cell is worth when trained from scratch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from papers.cells.child import retrained, testbed
from papers.cells.network import hand_made
from papers.cells.rows import Rows, Seed
from papers.cells.supernet.node import Design
from papers.gdas.images.only_normal import GIVEN, OnlyNormal
from papers.gdas.node_search import Sampled

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.gdas.images.config import ImageSearch


def run(config: ImageSearch, trial: Trial) -> Iterator[Row]:
    """Search with one sampled operation an edge, derive a cell, train it from scratch."""
    bed = testbed.of(config, trial.device)
    with hand_made.available():  # for the fixed reduction cell
        found = searched(config, bed.rows, trial.stream)
        for row in retrained.run(found, bed, trial, config.eval_every, config.child_every):
            yield {**row, **found.both()} if "cell" in row else row


def searched(config: ImageSearch, rows: Rows, seed: Seed) -> Sampled:
    """Return an untrained network, with a searched reduction cell or the given one."""
    design = Design(
        config.channels,
        config.cells,
        dim=rows.dim,
        inputs=rows.inputs,
        reduce=GIVEN if config.fixed else (),
    )
    searcher = OnlyNormal if config.fixed else Sampled
    return searcher(design, config, rows, config.batch, seed, config.derivation)
