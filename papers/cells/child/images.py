"""CIFAR's images as a testbed: two halves to search on, DARTS's evaluation phase for children.

Children are those of `papers.cells.child.cifar`, on all training images where the test set is to
judge them, and on nine tenths where a choice is to be made on the others. `pixels` are a few
random images with labels, so that everything can run where no data may be asked for.

Shapes: N images, H W space.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional as F  # noqa: N812

from harness.training import metrics
from harness.training.augment import Recipe, normalise
from papers.cells.child import cifar, cifar_images
from papers.cells.child.cifar_images import MEAN, STD
from papers.cells.child.config import PIXELS, ImageChildren
from papers.cells.rows import Part, Rows, Sealed, Seed
from papers.cells.space.genotype import Genotype

STORED = 32  # pixels a side
SYNTHETIC = {"train": 48, "val": 24, "test": 24}  # how many random images there are


def rows(images: cifar_images.CifarImages, recipe: Recipe) -> Rows:
    """Return what a search sees of images (N, 3, H, W) uint8, augmented in both halves [C]."""

    def augmented(x: Tensor, drawn: Generator) -> Tensor:
        return recipe(x, drawn).contiguous(memory_format=torch.channels_last)

    def plain(x: Tensor) -> Tensor:
        floats = normalise(x, MEAN, STD)
        return floats.contiguous(memory_format=torch.channels_last)

    return Rows(images.dataset, images.digest, images.train, images.val, augmented, plain)


@dataclass(frozen=True)
class ImageTestbed:
    """The testbed; `halves` are the two that a search sees."""

    config: ImageChildren
    halves: cifar_images.CifarImages
    parts: tuple[str, ...] = ("test",)

    @classmethod
    def load(cls, config: ImageChildren, where: str) -> ImageTestbed:
        """Read the data set and split its training images."""
        return cls(config, read(config, where, *config.halves))

    @property
    def rows(self) -> Rows:
        """What a search sees: cropped and flipped in both halves, nothing cut out [C]."""
        return rows(self.halves, Recipe(MEAN, STD, self.config.recipe.padding))

    def child(self, genotype: Genotype, parts: tuple[str, ...], seed: Seed) -> ImageChild:
        """Return an untrained network; with `val` among its parts it leaves those images out."""
        recipe = self.config.recipe
        held_out = max(recipe.left_out(part) for part in parts)
        where = str(self.halves.train.x.device)
        images = read(self.config, where, held_out, recipe.split_seed)
        return ImageChild.begin(genotype, self.config, images, seed)


@dataclass
class ImageChild:
    """A network of `papers.cells.child.cifar` with what judges it."""

    training: cifar.Training
    images: cifar_images.CifarImages
    genotype: Genotype

    @classmethod
    def begin(
        cls,
        genotype: Genotype,
        config: ImageChildren,
        images: cifar_images.CifarImages,
        seed: Seed,
    ) -> ImageChild:
        """Build an untrained network from a genotype."""
        recipe, where = config.recipe, str(images.train.x.device)
        network = cifar.build(genotype, recipe, seed("init"), where)
        return cls(cifar.Training(network, recipe, images.train, seed), images, genotype)

    @property
    def horizon(self) -> int:
        """How many turns its schedules have."""
        return self.training.horizon

    @horizon.setter
    def horizon(self, turns: int) -> None:
        self.training.horizon = turns

    @property
    def stateful(self) -> dict[str, Any]:
        """Everything that a resumed trial restores."""
        return self.training.stateful

    @property
    def parameters(self) -> int:
        """Trainable numbers without the second classifier's, as the paper counts them."""
        network = self.training.network
        second = network.auxiliary
        return metrics.parameters(network) - (metrics.parameters(second) if second else 0)

    @property
    def flops(self) -> float:
        """FLOPs of an average update."""
        return cifar.flops(self.genotype, self.training.recipe, self.images.train)

    def update(self, turn: int) -> None:
        """Take one step."""
        self.training.update(turn)

    def row(self, done: int) -> dict[str, float]:
        """Return epochs so far, and loss and error of augmented images since the last row."""
        return self.training.row(done)

    def error(self, part: str) -> float:
        """Return the share of a part's images that is misclassified, with running statistics."""
        training = self.training
        return cifar.error(training.network, self.images.judged(part), training.recipe)


# -- data -----------------------------------------------------------------------------------------


def read(
    config: ImageChildren, where: str, held_out: float, seed: int
) -> cifar_images.CifarImages:
    """Return a data set's images at the size that the config asks for."""
    if config.dataset == PIXELS:
        return synthetic(config.side, where, held_out)
    images = cifar_images.CifarImages.load(config.dataset, where, held_out, seed)
    if config.side == STORED:
        return images
    parts = (images.train, images.val, images.test.open())
    train, val, test = (Part(pooled(part.x, config.side), part.y) for part in parts)
    return replace(images, train=train, val=val, test=Sealed(test))


def pooled(images: Tensor, side: int) -> Tensor:
    """Average square blocks of pixels: uint8 (N, C, H, W) to uint8 (N, C, side, side)."""
    small: Tensor = F.avg_pool2d(images.float(), images.shape[-1] // side).round()
    return small.to(torch.uint8)


def synthetic(side: int, where: str, held_out: float) -> cifar_images.CifarImages:
    """Return random images with labels; where nothing is held out, all of them train."""
    random = np.random.default_rng(0)
    parts = {}
    for name, count in SYNTHETIC.items():
        x = random.integers(256, size=(count, 3, side, side), dtype=np.uint8)
        y = np.arange(count) % 10
        parts[name] = Part(torch.from_numpy(x).to(where), torch.from_numpy(y).to(where))
    train, val, test = parts.values()
    if not held_out:
        train = Part(torch.cat([train.x, val.x]), torch.cat([train.y, val.y]))
        val = Part(val.x[:0], val.y[:0])
    digest = hashlib.sha256(train.x.cpu().numpy().tobytes()).hexdigest()[:32]
    return cifar_images.CifarImages(PIXELS, train, val, Sealed(test), digest)
