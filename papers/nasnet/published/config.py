"""At which sizes NASNet-A is counted.

[P] the paper (arXiv:1707.07012), Tables 1 to 3; [C] the authors' code (TF-slim).
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, within
from papers.cells.network.sizes_config import DartsSizes


@dataclass(frozen=True)
class Sizes(DartsSizes):
    """The networks in which the cell is counted: DARTS's, and the paper's own."""

    own: int = 32  # [P] 6 @ 768, on CIFAR-10
    mobile: int = 44  # [P] 4 @ 1056
    large: int = 168  # [P] 6 @ 4032
    side: int = 331  # [P] pixels of the large network

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self, "own", 4, 1024)
        for name in ("mobile", "large"):
            within(self, name, 4, 1024)
            value = getattr(self, name)
            if value % 4:
                near = max(4, round(value / 4) * 4)
                raise Refused(
                    f"{name}={value}: must be a multiple of 4, for reductions at a quarter of it; "
                    f"the nearest is {near}"
                )
        if self.own % 2:
            raise Refused(f"own={self.own}: must be even; the nearest is {self.own + 1}")
        within(self, "side", 32, 1024)
