"""The pairs of the harness's own training code that `python -m harness bench` times.

The input pipeline on CIFAR-shaped bytes: resident tensors augmented by the batch, beside torch's
DataLoader with two workers and per-image transforms. Both give whole epochs of the same work.

Shapes: N images, C channels, H W space.
"""

from __future__ import annotations

import time
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from harness.pair import KEEP, Pair
from harness.training import augment, data, readers
from harness.training.vision import torchvision

DATA = Path("data")
ROWS, BATCH, WORKERS = 8068, 128, 2
AIM = 10  # asked for
RECIPE = augment.Recipe((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616), cutout=16)

Draw = tuple[list[int], bool, list[int]]  # offset of the crop, mirrored or not, centre of the hole


def pairs() -> list[Pair]:
    """Return the resident pipeline beside two DataLoaders: as usually written, and leanest."""
    images, origin = pixels(DATA)
    seconds = first_batch(DATA)
    notes = [f"oracle: DataLoader, {WORKERS} warm workers, {{}}; {origin}"]
    if seconds is not None:
        notes.append(f"MNIST, load to first batch: {seconds:.2f} s")
    note = "; ".join(notes)
    usual, lean = Race(OneByOne(images)), Race(Lean(images))
    return [
        usual.pair(AIM, note.format("torchvision's v2 transforms on each image")),
        lean.pair(KEEP, note.format("plain functions on each image")),
    ]


def pixels(folder: Path) -> tuple[Tensor, str]:
    """Return images uint8 (N, 3, 32, 32), real ones where they are there, and where from."""
    if (folder / "cifar10_subset" / "train.bin").exists():
        real, _ = readers.cifar_records(folder / "cifar10_subset", "train")
        return torch.tensor(real), f"{len(real):,} images of cifar10_subset"
    generator = torch.Generator().manual_seed(0)
    shape = (ROWS, *readers.CIFAR_SHAPE)
    images = torch.randint(256, shape, generator=generator, dtype=torch.uint8)
    return images, f"{ROWS:,} synthetic images (cifar10_subset is not pulled)"


def first_batch(folder: Path) -> float | None:
    """Return the seconds from nothing to MNIST's first normalised batch; None when not pulled."""
    if not (folder / "mnist").exists():
        return None
    begin = time.perf_counter()
    train = data.load("mnist", "train")
    rows = next(iter(data.Epochs(len(train), BATCH, seed=0)))
    augment.normalise(train.batch(rows)[0], (0.1307,), (0.3081,))
    return time.perf_counter() - begin


class Race:
    """One set of images behind both pipelines."""

    def __init__(self, each: OneByOne) -> None:
        self.each, self.images = each, each.images
        self.batches = data.Epochs(len(each), BATCH, seed=0)
        self.generator = torch.Generator().manual_seed(0)

    def pair(self, aim: float, note: str) -> Pair:
        """Return the two as a pair whose unit is a batch and whose call is an epoch."""
        name = f"crop, flip, cutout, normalise: batch of {BATCH}"
        epochs = self.loader_epoch, self.resident_epoch
        return Pair(name, *epochs, self.agree, aim, units=len(self.batches), note=note)

    @cached_property
    def loader(self) -> DataLoader[Tensor]:
        """The usual way; workers start with the first epoch, which is not timed, and stay."""
        return DataLoader(
            self.each,
            BATCH,
            shuffle=True,
            num_workers=WORKERS,
            persistent_workers=True,
            generator=torch.Generator().manual_seed(0),
        )

    def loader_epoch(self) -> int:
        """Take every batch that the workers make."""
        return sum(len(batch) for batch in self.loader)

    def resident_epoch(self) -> int:
        """Make every batch from the resident images."""
        taken = (self.images.index_select(0, rows) for rows in self.batches)
        return sum(len(RECIPE(images, self.generator)) for images in taken)

    def agree(self) -> None:
        """Check that epochs are equally long, and that equal draws make equal images."""
        assert self.loader_epoch() == self.resident_epoch() == len(self.images)
        self.make_equal_images()

    def make_equal_images(self) -> None:
        """Give both the same draws and compare a batch."""
        drawn, images = torch.Generator().manual_seed(1), self.images[:BATCH]
        offsets = torch.randint(9, (2, len(images)), generator=drawn)
        mirrored = torch.rand(len(images), generator=drawn) < RECIPE.flip
        centres = torch.stack([torch.randint(32, (len(images),), generator=drawn) for _ in "yx"])
        draws = zip(offsets.T.tolist(), mirrored.tolist(), centres.T.tolist(), strict=True)
        each = [self.each.changed(image, draw) for image, draw in zip(images, draws, strict=True)]
        batch = RECIPE(images, torch.Generator().manual_seed(1))
        torch.testing.assert_close(batch, torch.stack(each), rtol=1e-4, atol=1e-5)


class OneByOne(Dataset[Tensor]):
    """The usual pipeline: torchvision's v2 transforms and a cutout, an image at a time."""

    def __init__(self, images: Tensor) -> None:
        torchvision()
        from torchvision.transforms import v2

        self.images, self.functions = images, v2.functional
        self.moved = v2.Compose(
            [v2.RandomCrop(32, padding=RECIPE.padding), v2.RandomHorizontalFlip(RECIPE.flip)]
        )
        self.scaled = v2.Compose(
            [v2.ToDtype(torch.float32, scale=True), v2.Normalize(RECIPE.mean, RECIPE.std)]
        )

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, row: int) -> Tensor:
        """Return one image, changed at random: float32 (C, H, W)."""
        image = self.normalised(self.moved(self.images[row]))
        return cut(image, torch.randint(32, (2,)).tolist())

    def normalised(self, image: Tensor) -> Tensor:
        """Turn bytes (C, H, W) into normalised float32."""
        result: Tensor = self.scaled(image)
        return result

    def changed(self, image: Tensor, draw: Draw) -> Tensor:
        """Pad and crop, mirror, normalise, cut out: what is drawn is given."""
        (top, left), flip, centre = draw
        padded = self.functions.pad(image, [RECIPE.padding] * 4)
        image = self.functions.crop(padded, top, left, 32, 32)
        image = self.functions.horizontal_flip(image) if flip else image
        return cut(self.normalised(image), centre)


class Lean(OneByOne):
    """The same by plain functions, without what transform objects cost."""

    def __getitem__(self, row: int) -> Tensor:
        """Return one image, changed at random: float32 (C, H, W)."""
        offset, centre = torch.randint(9, (2,)).tolist(), torch.randint(32, (2,)).tolist()
        flip = bool(torch.rand(()) < RECIPE.flip)
        return self.changed(self.images[row], (offset, flip, centre))

    def normalised(self, image: Tensor) -> Tensor:
        """Turn bytes (C, H, W) into normalised float32."""
        floats = image.float().div_(255)
        result: Tensor = self.functions.normalize(floats, RECIPE.mean, RECIPE.std, inplace=True)
        return result


def cut(image: Tensor, centre: list[int]) -> Tensor:
    """Set the square around a centre to zero, in place."""
    top, left = (max(0, at - RECIPE.cutout // 2) for at in centre)
    bottom, right = (at - RECIPE.cutout // 2 + RECIPE.cutout for at in centre)
    image[:, top:bottom, left:right] = 0
    return image
