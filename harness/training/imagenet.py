"""ImageNet from the user's own folder: decoded by worker processes, cropped, in an order of turns.

What turn t trains on depends on seed and t alone: the order of an epoch on (seed, epoch), the
crop, mirror and colours of an image on (seed, epoch, image). So numbers are the same whatever the
number of workers and ranks, and a resumed trial begins at its turn. Each rank decodes its own rows
(`harness.training.distributed`).

Shapes: N rows of the whole batch, n of this rank, S the side of an image, K classes.
"""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from harness.training import device, ranks
from harness.training.vision import torchvision

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # red, green, blue of ImageNet
JITTER = (0.4, 0.4, 0.4, 0.2)  # brightness, contrast, saturation, hue
SIDE, RESIZED = 224, 256  # of a crop, and of the shorter side before a central one

At = tuple[int, int]  # an epoch, and the number of an image
Images = Dataset[Tensor | str]  # by `At`; a text says what is wrong with a file


# -- files ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Files:
    """The images of one part: where they are, their names (N) in bytes, their labels (N)."""

    folder: Path
    names: NDArray[np.bytes_]
    labels: NDArray[np.int64]


def load() -> tuple[Files, Files, str]:
    """Return the images to train on, those to judge on, and the hash of all their names.

    Raises:
        Refused: no folder is named, or it does not hold ImageNet.
    """
    from harness.data import own  # needed only where data are read

    listing = own.listed(own.IMAGENET)
    number = {name: at for at, name in enumerate(listing.classes)}

    def files(part: str) -> Files:
        names = listing.names[part]
        labels = np.array([number[name.partition("/")[0]] for name in names])
        return Files(listing.folder / part, np.array([*map(os.fsencode, names)]), labels)

    return files("train"), files("val"), listing.digest


class Jpegs(Images):
    """Images as bytes (3, S, S): with a seed a random crop of each, else the central one."""

    def __init__(self, files: Files, side: int = SIDE, seed: int | None = None) -> None:
        self.files, self.side, self.seed = files, side, seed
        of = torchvision().transforms
        if seed is None:
            chain = [of.Resize(side * RESIZED // SIDE), of.CenterCrop(side)]
        else:
            flip = of.RandomHorizontalFlip()
            chain = [of.RandomResizedCrop(side), flip, of.ColorJitter(*JITTER)]
        self.transform: Callable[[Any], Tensor] = of.Compose([*chain, of.PILToTensor()])

    def __getitem__(self, at: At) -> Tensor | str:
        """Decode one image, as it comes in an epoch; a damaged one gives a text with its path."""
        epoch, image = at
        path = self.files.folder / os.fsdecode(self.files.names[image])
        try:
            pixels = torchvision().datasets.folder.pil_loader(path)
        except (OSError, SyntaxError, ValueError) as error:
            return f"{path}: not a whole image ({error})"
        with device.seeded(0 if self.seed is None else mixed(self.seed, epoch, image)):
            return self.transform(pixels)


def mixed(*numbers: int) -> int:
    """Return one seed made of several numbers, none of them negative."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0])


# -- batches --------------------------------------------------------------------------------------


class Batches:
    """What each turn trains on: images of this rank (n, 3, S, S) bytes, labels of all rows (N).

    Every image comes once an epoch, in an order of its own; the last batch may be a short one.
    """

    def __init__(
        self,
        images: Images,
        labels: NDArray[np.int64],
        batch: int,
        seed: int,
        side: int = SIDE,
        workers: int = 0,
    ) -> None:
        self.images, self.labels, self.batch, self.seed = images, labels, batch, seed
        self.side, self.workers = side, workers
        self._order = (-1, labels[:0])  # an epoch, and the numbers of its images
        self._stream: Generator[Tensor, None, None] | None = None
        self._next = -1

    def __len__(self) -> int:
        """Return how many batches an epoch has."""
        return math.ceil(len(self.labels) / self.batch)

    def at(self, turn: int, last: int) -> tuple[Tensor, Tensor]:
        """Return the batch of a turn; workers read ahead as far as turn `last`.

        Raises:
            Refused: an image is damaged.
        """
        if self._stream is None or turn != self._next:
            self.close()
            turns = (self.rows(each) for each in range(turn, last + 1))
            self._stream = read(self.images, turns, self.side, self.workers)
        images = next(self._stream)
        self._next = turn + 1
        if turn >= last:
            self.close()
        labels = self.labels[[image for _, image in self.rows(turn)]]
        return images, torch.from_numpy(labels)

    def close(self) -> None:
        """End the workers; whoever reads has to, for they heed no signal."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def rows(self, turn: int) -> list[At]:
        """Return the images of a turn, by epoch and number."""
        epoch, place = divmod(turn, len(self))
        start = place * self.batch
        chosen = self._of_epoch(epoch)[start : start + self.batch]
        return [(epoch, image) for image in chosen.tolist()]

    def _of_epoch(self, epoch: int) -> NDArray[np.int64]:
        if self._order[0] != epoch:
            random = np.random.Generator(np.random.PCG64(mixed(self.seed, epoch)))
            self._order = (epoch, random.permutation(len(self.labels)))
        return self._order[1]


def in_order(
    images: Images, labels: NDArray[np.int64], batch: int, side: int = SIDE, workers: int = 0
) -> Generator[tuple[Tensor, Tensor], None, None]:
    """Yield all images once, as they are stored: this rank's (n, 3, S, S), labels of all (N)."""
    starts = range(0, len(labels), batch)
    rows = [range(start, min(start + batch, len(labels))) for start in starts]
    turns = ([(0, image) for image in each] for each in rows)
    with closing(read(images, turns, side, workers)) as stream:
        for each, own in zip(rows, stream, strict=True):
            yield own, torch.from_numpy(labels[each.start : each.stop])


def read(
    images: Images, turns: Iterable[list[At]], side: int, workers: int
) -> Generator[Tensor, None, None]:
    """Yield this rank's images of each turn (n, 3, S, S), decoded ahead by some processes.

    There are `workers` of them, or fewer where there are fewer cores.

    Raises:
        Refused: an image is damaged; it names the file.
    """
    from harness.paper import Refused

    loader: DataLoader[Any] = DataLoader(
        images,
        batch_sampler=(rows[ranks.shard(len(rows))] for rows in turns),
        num_workers=min(workers, cores()),
        collate_fn=partial(_stacked, side),
        worker_init_fn=_deaf,
        generator=torch.Generator(),  # else torch's own stream would move with every loader
    )
    for found in loader:
        if isinstance(found, str):
            raise Refused(found)
        yield found


def cores() -> int:
    """Return how many cores this process may use."""
    return (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )


def _stacked(side: int, images: list[Tensor | str]) -> Tensor | str:
    """Return images as one tensor; of damaged ones what is wrong with the first."""
    for image in images:
        if isinstance(image, str):
            return image
    whole = [image for image in images if isinstance(image, Tensor)]
    return torch.stack(whole) if whole else torch.empty(0, 3, side, side, dtype=torch.uint8)


def _deaf(worker: int) -> None:
    """Let a worker leave signals to the trial, which may need more batches before it saves."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


# -- errors ---------------------------------------------------------------------------------------


def missed(logits: Tensor, labels: Tensor, best: int) -> Tensor:
    """Return how many rows have labels (N) beyond the `best` largest of their logits (N, K)."""
    return (logits.topk(best, -1).indices != labels[:, None]).all(-1).sum()
