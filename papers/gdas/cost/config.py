"""The steps that are timed. [ours] chosen here, [C] the papers' own code."""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import positive, require, within

METHODS = ("gdas", "first_order")


@dataclass(frozen=True)
class Steps:
    """Steps of a search on signals: of GDAS, on samples, or of first order, on all operations."""

    method: str
    channels: int = 8  # [ours]
    cells: int = 3  # [ours]
    batch: int = 100  # [ours]
    steps: int = 200  # [ours]

    def __post_init__(self) -> None:
        require(self.method, METHODS, "method")
        positive(self, "channels", "batch", "steps")
        within(self, "cells", 3)
