"""Hypernetworks on images, with where their numbers come from.

[P] GHN-2 (arXiv:2110.13100), [C] its authors' code, [ours] chosen here.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, positive, require, rising, within
from papers.ghn2.config import Evaluation, Training

PIXELS = "pixels"  # random images, for where no data may be asked for
SIDES = {"mnist": 28, "cifar10_subset": 32, "cifar10": 32, PIXELS: 32}
STYLES = ("deepnets", "mini")


@dataclass(frozen=True)
class Images(Training, Evaluation):
    """A hypernetwork on a data set of images; the defaults are the paper's on CIFAR-10.

    `side`: pixels of an image, a whole part of the stored ones. `style`: DeepNets-1M's networks or
    our small ones, whose stem has `stem_stride`.
    """

    dataset: str = "cifar10"
    style: str = "deepnets"
    side: int = 32
    stem_stride: int = 1
    watched: int = 16
    predefined: bool = True  # [P] ResNet-50 and a vision transformer

    def __post_init__(self) -> None:
        Training.__post_init__(self)
        Evaluation.__post_init__(self)
        refuse_images(self.dataset, self.side)
        require(self.style, STYLES, "style")
        positive(self, "stem_stride")
        if self.predefined and self.style == "mini":
            raise Refused("predefined=true: small networks have none; say predefined=false")


def refuse_images(dataset: str, side: int) -> None:
    """Refuse an unknown data set, and sizes that are no whole part of its images'."""
    stored = SIDES[require(dataset, SIDES, "data set of images")]
    if side < 8 or stored % side:
        fine = [n for n in range(8, stored + 1) if stored % n == 0]
        near = min(fine, key=lambda n: abs(n - side))
        raise Refused(f"side={side}: must divide {stored}, at least 8; the nearest is {near}")


@dataclass(frozen=True)
class ImageBaseline:
    """The test networks trained one by one, judged after some epochs of a cosine over all."""

    dataset: str = "cifar10"
    style: str = "deepnets"
    side: int = 32
    stem_stride: int = 1
    networks: int = 500  # [P]
    epochs: int = 50  # [C] of the cosine
    epoch_steps: int = 521  # [C] 50,000 images in batches of 96; 45,000 here: 469 and a part
    at_epochs: tuple[int, ...] = (1, 5, 10, 20, 30, 40, 50)  # [P]
    lr: float = 0.025  # [C]
    weight_decay: float = 3e-4  # [C]
    clip: float = 5.0  # [C]
    batch: int = 96  # [C]
    eval_batch: int = 64

    def __post_init__(self) -> None:
        refuse_images(self.dataset, self.side)
        require(self.style, STYLES, "style")
        positive(self, "stem_stride", "networks", "epochs", "epoch_steps", "batch", "eval_batch")
        rising(self, "at_epochs", 1, self.epochs)
        within(self, "lr", 0, 10, "high")
        within(self, "weight_decay", 0)
        within(self, "clip", 0, ends="high")
