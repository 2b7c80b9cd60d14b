"""ImageNet as a testbed: labels in memory, pixels read and decoded when a turn asks for them.

Shapes: N images, S the side of an image.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from harness.training import augment, imagenet
from papers.cells.child.imagenet import pixels
from papers.cells.child.imagenet_config import PIXELS
from papers.ghn2.imagenet.config import CLASSES, ImageNet
from papers.ghn2.space.draft import Frame
from papers.ghn2.testbed import Rows, Testbed

if TYPE_CHECKING:
    from harness.trial import Trial

Numbers = NDArray[np.int64]
MINI_STRIDE = 2  # of small networks' stems; those of DeepNets have strides of their own
ORDER = 0  # seed of the order in which images are judged


class Some(imagenet.Images):
    """Some images of a part, by their numbers in it (N)."""

    def __init__(self, whole: imagenet.Images, rows: Numbers) -> None:
        self.whole, self.rows = whole, rows

    def __getitem__(self, at: imagenet.At) -> Tensor | str:
        """Return one image, changed as its number in the whole part says."""
        epoch, place = at
        return self.whole[epoch, int(self.rows[place])]


@dataclass(frozen=True)
class Part:
    """Images that are read one by one, and their labels (N)."""

    images: imagenet.Images
    labels: Numbers

    def __len__(self) -> int:
        return len(self.labels)

    def some(self, rows: Numbers) -> Part:
        """Return the images of these numbers, in this order."""
        return Part(Some(self.images, rows), self.labels[rows])

    def shuffled(self) -> Part:
        """Return the same images in an order that is the same for all networks and trials."""
        random = np.random.Generator(np.random.PCG64(ORDER))
        return self.some(random.permutation(len(self)))

    def rows(self, side: int, where: str) -> Rows:
        """Return labels on a device, and of the pixels their shape alone."""
        shape = torch.empty(len(self), 3, side, side, dtype=torch.uint8, device="meta")
        return Rows(shape, torch.from_numpy(self.labels).to(where))


@dataclass(frozen=True, kw_only=True)
class Reading(Testbed):
    """What hypernetworks learn on and are judged on: `train` and `test` hold no pixels."""

    batches: imagenet.Batches
    last: int  # turn of the training, as far as which images are read ahead
    held_out: Part
    judged: Part

    def drawn(self, rows: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        """Return the training batch of a turn, whose number (1) is all that `rows` holds.

        What is drawn for each image follows from seed, epoch and image: the generator stays.
        """
        own, labels = self.batches.at(int(rows), self.last)
        where = self.train.y.device
        return shown(own, where), labels.to(where)


def shown(images: Tensor, where: torch.device) -> Tensor:
    """Return bytes (N, 3, S, S) on a device, standardised."""
    return augment.normalise(images.to(where), imagenet.MEAN, imagenet.STD)


def load(config: ImageNet, trial: Trial) -> Reading:
    """Return the testbed of a config, and tell the trial the hash of its data.

    Raises:
        Refused: no folder is named, or it does not hold ImageNet.
    """
    moved, plain, judged, digest = parts(config, trial)
    trial.uses(config.dataset, digest)
    kept, cut = last_of_each(moved.labels, config.held_out)
    train, judged = moved.some(kept), judged.shuffled()
    batches = imagenet.Batches(
        train.images, train.labels, config.batch, trial.stream("inputs"), config.side,
        config.workers,
    )  # fmt: skip
    rows = partial(Part.rows, side=config.side, where=trial.device)
    stride = MINI_STRIDE if config.style == "mini" else 1
    return Reading(
        train=rows(train),
        test=rows(judged),
        frame=Frame(3, (config.side, config.side), CLASSES, stride),
        batches=batches,
        last=trial.meter.horizon("train") - 1,
        held_out=plain.some(cut).shuffled(),
        judged=judged,
    )


def parts(config: ImageNet, trial: Trial) -> tuple[Part, Part, Part, str]:
    """Return training images with random crops and with central ones, test images, their hash."""
    if config.dataset == PIXELS:
        random = pixels(config.side)
        train = Part(*random.train)
        return train, train, Part(*random.test()), random.digest
    files, tested, digest = imagenet.load()
    moved = Part(imagenet.Jpegs(files, config.side, trial.stream("augmented")), files.labels)
    plain, judged = (Part(imagenet.Jpegs(f, config.side), f.labels) for f in (files, tested))
    return moved, plain, judged, digest


def last_of_each(labels: Numbers, count: int) -> tuple[Numbers, Numbers]:
    """Return (all other numbers, those of the last `count` of each class), both rising."""
    cut = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        cut[np.flatnonzero(labels == label)[-count:]] = True
    return np.flatnonzero(~cut), np.flatnonzero(cut)
