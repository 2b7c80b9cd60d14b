"""DARTS as one of the gradient searchers, and the search network that it trains."""

from __future__ import annotations

from functools import partial

from papers.cells.rows import Rows, Seed
from papers.cells.supernet.method import Method
from papers.cells.supernet.node import Design
from papers.cells.supernet.shared import NodeSearch
from papers.darts.bilevel import Architect
from papers.darts.config import Darts


def method(config: Darts) -> Method:
    """Return how alpha and w are updated, on the mixture of all operations (Alg. 1)."""
    return Method(partial(Architect, config=config), config.passes)


def searched(design: Design, config: Darts, rows: Rows, batch: int, seed: Seed) -> NodeSearch:
    """Return an untrained network; `config.union` draws both streams of batches from all rows."""
    own = rows.all if config.union else rows
    return NodeSearch(design, config, own, batch, seed, method(config))
