"""Random recurrent cells, their loose ends averaged, each trained like a found one.

As many as the FLOPs of a search pay for; the best by validation is the result, and the mean over
all of them stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import TYPE_CHECKING

from papers.enas.recurrent.cell import decode, uniform
from papers.text import random_search

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.text.config import RandomCells


def run(config: RandomCells, trial: Trial) -> Iterator[Row]:
    """Train every cell; report the best by validation, and the mean."""
    cells = {
        number: decode(
            uniform(config.nodes, Random(trial.stream("cell", number))), "drawn at random"
        )
        for number in config.candidates
    }
    yield from random_search.compared(cells, config, trial)
