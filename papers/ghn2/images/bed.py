"""Images as a testbed: stored as bytes, cropped and mirrored for training, standardised for both.

Shapes: N images, C channels, H W space.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Generator, Tensor
from torch.nn import functional as F  # noqa: N812

from harness.training import augment, data
from papers.ghn2.images.config import PIXELS, SIDES
from papers.ghn2.space.draft import Frame
from papers.ghn2.testbed import CLASSES, Rows, Testbed

if TYPE_CHECKING:
    from harness.trial import Trial

HELD_OUT = 0.1  # [C] of CIFAR-10's training images; theirs are the last ones, ours stratified
PADDING = 4
STATISTICS = {  # mean and deviation by channel; [C] CIFAR-10's
    "mnist": ((0.1307,), (0.3081,)),
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
}
FEW = 64  # random images


@dataclass(frozen=True)
class Look:
    """How bytes become inputs: standardised, and before that, in training, moved and mirrored."""

    mean: Tensor  # (C, 1, 1)
    sd: Tensor
    moved: bool

    def plain(self, x: Tensor) -> Tensor:
        """Return bytes (N, C, H, W) standardised."""
        return (x.float() / 255 - self.mean) / self.sd

    def drawn(self, x: Tensor, generator: Generator) -> Tensor:
        """Return a training batch, each image cropped and mirrored on its own."""
        if self.moved:
            x = augment.flip(augment.crop(x, PADDING, generator), generator)
        return self.plain(x)


def load(dataset: str, side: int, stem_stride: int, trial: Trial) -> Testbed:
    """Return training and test images of a data set at a size, and tell the trial its hash."""
    parts, digest = stored(dataset, trial.device)
    train, test = (Rows(pooled(part.x, side), part.y) for part in parts)
    trial.uses(dataset, digest)
    digits = dataset == "mnist"
    mean, sd = (
        torch.tensor(values, device=trial.device).view(-1, 1, 1)
        for values in STATISTICS["mnist" if digits else "cifar10"]
    )
    look = Look(mean, sd, moved=not digits)
    frame = Frame(train.x.shape[1], (side, side), CLASSES, stem_stride)
    return Testbed(train, Rows(look.plain(test.x), test.y), frame, look.drawn)


def stored(dataset: str, where: str) -> tuple[tuple[Rows, Rows], str]:
    """Return training and test rows as bytes, and the hash of the data."""
    if dataset == PIXELS:
        return random_images(where)
    train, test = (data.load(dataset, part, where, HELD_OUT) for part in ("train", "test"))
    return (Rows(train.x, train.y), Rows(test.x, test.y)), train.digest


def random_images(where: str) -> tuple[tuple[Rows, Rows], str]:
    """Return a few random images with labels."""
    generator, side = torch.Generator().manual_seed(0), SIDES[PIXELS]
    x = torch.randint(256, (2 * FEW, 3, side, side), generator=generator, dtype=torch.uint8)
    y = torch.arange(2 * FEW) % CLASSES
    digest = hashlib.sha256(x.numpy().tobytes()).hexdigest()[:32]
    halves = zip(x.to(where).split(FEW), y.to(where).split(FEW), strict=True)
    train, test = (Rows(*half) for half in halves)
    return (train, test), digest


def pooled(x: Tensor, side: int) -> Tensor:
    """Average square blocks of pixels: bytes (N, C, H, W) to bytes (N, C, side, side)."""
    if x.shape[-1] == side:
        return x
    small: Tensor = F.avg_pool2d(x.float(), x.shape[-1] // side).round()
    return small.to(torch.uint8)
