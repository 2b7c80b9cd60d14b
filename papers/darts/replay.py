"""Losses and gradients of DARTS's searches by CUDA graphs: `captured()` puts them in place.

For searches on the mixture of all operations, where every step does the same: each has it beside
its `search`, as `search_graph`. Not for recurrent searches and GDAS's: what they run differs from
step to step, by windows of text and by the sample. Nor where something is measured of a pass that
a replay hides, such as what autograd keeps (`sizes`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from harness.training.graph import CudaGraph
from papers.cells.rows import Batch
from papers.cells.supernet.bilevel import Problem
from papers.cells.supernet.captured import replayed
from papers.darts import method
from papers.darts.bilevel import Architect
from papers.darts.config import Darts

RECORDER = CudaGraph  # another one where there is no GPU, in tests


@contextmanager
def captured(precision: str) -> Iterator[None]:
    """Let every search that `method` makes replay its losses, while inside."""
    method.Architect = partial(architect, precision)  # type: ignore[assignment,attr-defined]
    try:
        yield
    finally:
        method.Architect = Architect  # type: ignore[attr-defined]


def architect(precision: str, problem: Problem[Batch], config: Darts) -> Architect[Batch]:
    """Return the optimizers of Alg. 1 on a problem whose loss is replayed."""
    return Architect(replayed(problem, RECORDER, precision), config)
