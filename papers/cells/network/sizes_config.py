"""The sizes at which published cells are counted in DARTS's network."""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, within


@dataclass(frozen=True)
class DartsSizes:
    """Channels and layers: for CIFAR-10, for ImageNet, and of a search network's size."""

    channels: int = 36  # DARTS, Sec. 3.2
    layers: int = 20
    wide: int = 48  # DARTS, Sec. 3.3
    deep: int = 14
    few: int = 16  # DARTS, Sec. 3.1
    shallow: int = 8

    def __post_init__(self) -> None:
        for name in ("channels", "wide", "few"):
            within(self, name, 2, 1024)
            even(self, name)
        for name in ("layers", "deep", "shallow"):
            within(self, name, 3, 100)


def even(config: object, name: str) -> None:
    """Refuse an odd number of channels, which no factorized reduction can halve."""
    value = getattr(config, name)
    if value % 2:
        raise Refused(f"{name}={value}: must be even; the nearest is {value + 1}")
