"""At which sizes the published cells are counted.

[P] the paper (arXiv:1802.01548), from memory: Tables 1 to 3.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, within
from papers.cells.network.sizes_config import DartsSizes


@dataclass(frozen=True)
class Sizes(DartsSizes):
    """The networks in which the cells are counted: DARTS's, and the paper's own."""

    cells: int = 18  # [P] normal cells, three stacks of N = 6
    own: tuple[int, ...] = (32, 36)  # [P] F, of all cells
    large: tuple[int, ...] = (80, 128)  # [P] F, of cell B
    imagenet: int = 448  # [P] F, of cell A
    side: int = 299  # [C] pixels

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self, "cells", 3, 100)
        for name in ("own", "large"):
            for value in getattr(self, name):
                if not 4 <= value <= 1024 or value % 2:
                    raise Refused(f"{name}={value}: must be even numbers from 4 to 1024")
        within(self, "imagenet", 8, 1024)
        if self.imagenet % 8:
            near = max(8, round(self.imagenet / 8) * 8)
            raise Refused(
                f"imagenet={self.imagenet}: must be a multiple of 8, for reductions at a quarter "
                f"of it; the nearest is {near}"
            )
        within(self, "side", 32, 1024)
