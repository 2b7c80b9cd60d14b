"""Random search on images: the baseline of Table 1, as all papers run it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from papers.cells.child import random_cells

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.cells.child.config import ImageRandom


def select(config: ImageRandom, trial: Trial) -> Iterator[Row]:
    """Train n random cells for a while, and the best one by validation in full."""
    yield from random_cells.select(config, trial)
