"""The published cells in the paper's network, trained from scratch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from papers.amoebanet.published.cells import CELLS
from papers.cells.child import native

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.amoebanet.images.config import NativePublished


def run(config: NativePublished, trial: Trial) -> Iterator[Row]:
    """Train a cell of the paper, and test it after the last step."""
    name = f"AmoebaNet-{config.cell}"
    yield from native.run(CELLS[config.cell], name, config, bottlenecks=True, trial=trial)
