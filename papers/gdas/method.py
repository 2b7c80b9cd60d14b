"""GDAS as one of the gradient searchers (Alg. 1): w, then alpha, each on its own sample."""

from __future__ import annotations

from functools import partial

from papers.cells.supernet.bilevel import Optimizers
from papers.cells.supernet.method import Method
from papers.gdas.config import Gdas
from papers.gdas.sampler import Sampler


def method(config: Gdas, sampler: Sampler) -> Method:
    """Return how alpha and w are updated, on samples."""
    train = partial(Optimizers, config=config, order="weights_first", unsampled=config.unsampled)
    return Method(train, choose=sampler, hard=True)
