"""Random search on signals: the baseline of Table 1, as all papers run it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from papers.cells.child import random_cells

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.cells.child.config import SignalRandom


def run(config: SignalRandom, trial: Trial) -> Iterator[Row]:
    """Train n random cells; the best by validation, and the mean."""
    yield from random_cells.run(config, trial)
