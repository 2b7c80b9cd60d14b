"""How a published cell is trained from scratch on ImageNet, as a declaration.

DARTS's recipe (Liu et al. 2019, arXiv:1806.09055, Sec. 3.3 and App. A.2). Those of P-DARTS and
PC-DARTS (batches of 1,024, .5 falling linearly) reach lower errors; they are not mixed with it.

[P] the paper, [C] the authors' code, [ours] chosen here.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, positive, require, within
from papers.cells.space.published import PUBLISHED

IMAGENET, PIXELS = "imagenet", "pixels"  # random images, for where no data may be asked for
ROWS = {IMAGENET: 1_281_167, PIXELS: 20}  # training images
HALVED = 32  # how much smaller the last cells' images are
# a convolution of stride 2 that reads fewer than eight channels: see `config.FEWEST`
FEWEST = 8


@dataclass(frozen=True)
class ImageNetPublished:
    """A published cell, trained from scratch on ImageNet; rates fall with every epoch."""

    cell: str = "DARTS_V2"
    dataset: str = IMAGENET
    side: int = 224  # [P]
    channels: int = 48  # [P] App. A.2
    layers: int = 14  # [P]
    batch: int = 128  # [P]; the last batch of an epoch is a short one
    steps: int = 2_502_500  # [P] 250 epochs of 10,010 batches
    lr: float = 0.1  # [P]
    lr_decay: float = 0.97  # [P] a factor for each epoch
    momentum: float = 0.9  # [C]
    weight_decay: float = 3e-5  # [P]
    clip: float = 5.0  # [C] norm of all gradients together
    smoothing: float = 0.1  # [C] of labels, for both classifiers
    auxiliary: float = 0.4  # [P] weight of the second classifier's loss
    workers: int = 8  # [ours] processes that decode for each rank; changes no result
    every: int = 10_010  # [ours] turns between two rows: an epoch; changes no result

    def __post_init__(self) -> None:
        require(self.cell, PUBLISHED, "published cell")
        require(self.dataset, ROWS, "data set of ImageNet's networks")
        positive(self, "side", "steps", "every")
        within(self, "channels", FEWEST)
        within(self, "layers", 3)  # with fewer every cell is a reduction
        within(self, "batch", 2)
        within(self, "lr", 1e-6, 10)
        within(self, "lr_decay", 1e-6, 1)
        within(self, "momentum", 0, 0.9999)
        within(self, "weight_decay", 0)
        within(self, "clip", 1e-6)
        within(self, "smoothing", 0, 0.99)
        within(self, "auxiliary", 1e-6)
        within(self, "workers", 0)


def refuse_sizes(config: ImageNetPublished) -> None:
    """Refuse images that cannot be halved five times, and batches of a single image."""
    if config.side % HALVED:
        near = max(HALVED, round(config.side / HALVED) * HALVED)
        raise Refused(f"side={config.side}: must be a multiple of {HALVED}; the nearest is {near}")
    rows = ROWS[config.dataset]
    if rows % config.batch == 1:
        raise Refused(
            f"batch={config.batch}: the last batch of {rows:,} images would be a single one, "
            f"which cannot be normalised; the nearest is {config.batch - 1}"
        )


# asked by the plan before any work; no part of a class, so that results stay as they are
REFUSALS = {ImageNetPublished: refuse_sizes}
