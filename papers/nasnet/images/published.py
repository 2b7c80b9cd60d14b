"""NASNet-A in the paper's network, trained from scratch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from papers.cells.child import native
from papers.cells.space.published import PUBLISHED

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.nasnet.images.config import NativePublished

CELL = PUBLISHED["NASNet_A_slim"].genotype


def run(config: NativePublished, trial: Trial) -> Iterator[Row]:
    """Train the cell, and test it after the last step."""
    yield from native.run(CELL, "NASNet-A", config, bottlenecks=False, trial=trial)
