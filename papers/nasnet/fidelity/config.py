"""Which cells are trained, and in networks of which sizes.

[P] NASNet (arXiv:1707.07012), from memory; [ours] chosen here.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, require, within
from papers.cells.task import LEAGUE_SPACES, LIMIT

SIZES = ("small", "middle", "large")


@dataclass(frozen=True)
class Fidelity:
    """Cells with `convolutions` of them each, trained in a network of every size.

    A size is channels and how often the cell is repeated before and after the reduction; `middle`
    is the network of the league. All cells have equally many weights, so that counting tells
    nothing.
    """

    space: str = "T2"
    convolutions: int = LIMIT
    cells: int = 8  # [ours] side by side in a trial
    channels: tuple[int, ...] = (4, 8, 16)  # [P] F, small in the search and large after it
    repeats: tuple[int, ...] = (1, 1, 3)  # [P] N, 2 in the search and 6 after it
    steps: int = 300  # [league]

    def __post_init__(self) -> None:
        require(self.space, LEAGUE_SPACES, "space")
        within(self, "convolutions", 1, 3)
        within(self, "cells", 2, 100)
        within(self, "steps", 3, 100_000)
        for name, low in (("channels", 2), ("repeats", 1)):
            values = getattr(self, name)
            if len(values) != len(SIZES) or not all(low <= value <= 64 for value in values):
                raise Refused(
                    f"{name}={','.join(map(str, values))}: must be three numbers from {low} to 64"
                )
