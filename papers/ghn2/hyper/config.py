"""What hypernetworks are made of, with where it comes from, and their presets.

[P] GHN-2 (arXiv:2110.13100), [C] its authors' code, [3] GHN-3 (arXiv:2303.04143), [ours].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.paper import Refused, positive, require, within

PROPAGATIONS = ("gated", "none", "transformer")
SPATIAL: Mapping[str, tuple[int, ...]] = {  # [C] sizes of kernels that are told apart
    "cifar": (1, 3, 5, 7, 9, 11, 14, 16),
    "imagenet": (1, 3, 5, 7, 9, 11, 13, 14, 15, 16),
}


@dataclass(frozen=True)
class Hyper:
    """A hypernetwork; the defaults are GHN-2's for CIFAR-10."""

    classes: int = 10
    width: int = 32  # [P] D
    propagation: str = "gated"  # [P] Sec. 2.2; none: the MLP baseline
    rounds: int = 1  # [P] T
    virtual: int = 50  # [P] s_max; 0: no virtual edges
    direct: bool = True  # [C] virtual messages along edges of the network, s = 1, too; [P] not
    normalize: bool = True  # [P] Sec. 4
    layer_norm: bool = True  # [C] after the propagation
    tile_aware: bool = False  # [ours] 1 / sqrt(copies) where inputs are tiled, too
    crop: str = "corner"  # [C] which part of the largest kernel is taken; [3] the centre
    largest: int = 64  # [C] channels that are decoded; more are tiled
    kernel: tuple[int, int] = (11, 11)  # [C] largest kernel that is decoded
    spatial: str = "cifar"
    most_channels: int = 8192  # [C] the last bucket of channels
    layers: int = 3  # [3] of a transformer
    heads: int = 8  # [3]

    def __post_init__(self) -> None:
        positive(self, "classes", "rounds", "largest", "layers", "heads")
        within(self, "width", 4)
        within(self, "virtual", 0)
        within(self, "most_channels", 64)
        require(self.propagation, PROPAGATIONS, "propagation")
        require(self.crop, ("corner", "centre"), "crop")
        require(self.spatial, SPATIAL, "spatial")
        if self.width % 4:
            near = self.width - self.width % 4
            raise Refused(f"width={self.width}: must be a multiple of 4; the nearest is {near}")
        if self.propagation == "transformer" and self.width % self.heads:
            near = self.width - self.width % self.heads or self.heads
            raise Refused(f"width={self.width}: {self.heads} heads must divide it; "
                          f"the nearest is {near}")  # fmt: skip
        if len(self.kernel) != 2 or min(self.kernel) < 1:
            raise Refused(f"kernel={self.kernel}: must be two numbers of at least 1")

    @property
    def channel_buckets(self) -> tuple[int, ...]:
        """Numbers of channels that are told apart: finely where there are few."""
        fine, middle = range(8, 64, 8), range(64, 4096, 16)
        known = {1, 3, self.classes, *fine, *middle, *range(4096, 8193, 32)}
        return tuple(sorted(n for n in known if n <= self.most_channels or n == self.classes))


PRESETS: Mapping[str, Mapping[str, Any]] = {
    "ghn2": {},
    "ghn1": {"virtual": 0, "normalize": False, "layer_norm": False},  # [C] what it stands for
    "mlp": {"propagation": "none", "virtual": 0},
    "no_norm": {"normalize": False},
    "no_virtual": {"virtual": 0},
    "ghn3t": {"propagation": "transformer", "width": 64, "layers": 3, "heads": 8,
              "crop": "centre", "kernel": (16, 16)},
}  # fmt: skip


def preset(name: str, base: Hyper | None = None) -> Hyper:
    """Return a hypernetwork by name, otherwise as `base`, which is for CIFAR-10 unless given."""
    changes = dict(PRESETS[require(name, PRESETS, "preset")])
    if base is not None:
        changes.pop("kernel", None)  # the largest kernel is the space's affair
    return replace(base or Hyper(), **changes)


def small(name: str, dim: int, classes: int = 10) -> Hyper:
    """Return a preset for the mini spaces: 32 channels, kernels of 7, 256 channels told apart."""
    kernel = (1, 7) if dim == 1 else (7, 7)
    base = Hyper(classes=classes, largest=32, kernel=kernel, most_channels=256)
    return preset(name, base)
