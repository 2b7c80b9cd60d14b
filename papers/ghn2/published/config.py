"""Which hypernetworks are counted, and for how many classes."""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import within


@dataclass(frozen=True)
class Sizes:
    """Hypernetworks for images of so many classes."""

    classes: int = 10  # [P] CIFAR-10

    def __post_init__(self) -> None:
        within(self, "classes", 2, 100_000)
