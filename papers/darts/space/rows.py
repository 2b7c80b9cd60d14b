"""What a search on the cell space sees: rows for w, rows for alpha, and how a batch is made.

Shapes: N rows, C channels, then L positions (signals) or H W space (images).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor

from harness.training.augment import Recipe, normalise
from papers.cells.child.cifar_images import MEAN, STD, Images
from papers.cells.child.mnist1d import Part, Signals

Augmentation = Callable[[Tensor, Generator], Tensor]


@dataclass(frozen=True)
class Rows:
    """The two halves, each x (N, C, ...) and y int64 (N), whole on the device.

    `augment` makes a training batch of stored rows, `plain` a batch to judge on; both give
    float32 (N, C, ...).
    """

    dataset: str
    digest: str
    train: Part
    val: Part
    augment: Augmentation
    plain: Callable[[Tensor], Tensor]

    @classmethod
    def signals(cls, signals: Signals) -> Rows:
        """Return MNIST-1D's: 3,000 rows for w, 1,000 for alpha, (N, 1, 40), never augmented."""
        parts = (first(signals.train), first(signals.val))
        return cls("mnist1d", signals.digest, *parts, unchanged, lambda x: x)

    @classmethod
    def images(cls, images: Images, recipe: Recipe) -> Rows:
        """Return those of images (N, 3, H, W) uint8, augmented by a recipe in both halves [C]."""

        def augmented(x: Tensor, drawn: Generator) -> Tensor:
            return recipe(x, drawn).contiguous(memory_format=torch.channels_last)

        def plain(x: Tensor) -> Tensor:
            floats = normalise(x, MEAN, STD)
            return floats.contiguous(memory_format=torch.channels_last)

        parts = (images.train, images.val)
        return cls(images.dataset, images.digest, *parts, augmented, plain)

    @property
    def united(self) -> Rows:
        """The same with w and alpha trained on all rows of both (Sec. 3.3); `val` stays val."""
        both = (self.train, self.val)
        whole = Part(torch.cat([p.x for p in both]), torch.cat([p.y for p in both]))
        return replace(self, train=whole)


def first(part: Part) -> Part:
    """Return signals stored as (L, N) with the batch first: (N, 1, L)."""
    return Part(part.x.T[:, None].contiguous(), part.y)


def unchanged(x: Tensor, drawn: Generator) -> Tensor:
    """Return a batch as it is: signals are not augmented."""
    return x
