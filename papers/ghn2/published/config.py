"""Which hypernetworks are counted, for how many classes; which released results are averaged."""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, require, within

RELEASED = ("cifar10", "imagenet")


@dataclass(frozen=True)
class Sizes:
    """Hypernetworks for images of so many classes."""

    classes: int = 10  # [P] CIFAR-10

    def __post_init__(self) -> None:
        within(self, "classes", 2, 100_000)


@dataclass(frozen=True)
class Results:
    """The data sets whose released results are averaged."""

    data: tuple[str, ...] = RELEASED

    def __post_init__(self) -> None:
        if not self.data:
            raise Refused(f"data={self.data}: must name at least one of {', '.join(RELEASED)}")
        for name in self.data:
            require(name, RELEASED, "data")
