"""Batched augmentation on the device: every image of a batch draws its own.

torchvision's v2 transforms give all images of a batch the same crop, flip or box, so these are our
own. Each has two parts: what is drawn, from a generator that the caller owns (on the CPU, so that
every device gets the same draws), and what is done with it, which tests compare with one image
after another. Labels are never touched.

Shapes: N images, C channels, H W space, S the side of a square result.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional as F  # noqa: N812

TRIES = 10  # boxes drawn until one fits, as torchvision does


def crop(images: Tensor, padding: int, generator: Generator) -> Tensor:
    """Pad with zeros, cut the same size out again at an offset of its own: (N, C, H, W)."""
    offsets = torch.randint(2 * padding + 1, (2, len(images)), generator=generator)
    return crop_at(images, padding, _on(images, offsets))


def crop_at(images: Tensor, padding: int, offsets: Tensor) -> Tensor:
    """Pad with zeros, cut image n out from row offsets[0, n] and column offsets[1, n] on."""
    count, channels, height, width = images.shape
    padded = F.pad(images, (padding,) * 4)
    tall, wide = padded.shape[2:]

    def places(number: int) -> Tensor:
        return torch.arange(number, device=images.device)

    # one gather of whole runs of W pixels, not of pixels: four times as fast
    planes = places(count)[:, None] * channels + places(channels)
    rows = planes[:, :, None] * tall + offsets[0, :, None, None] + places(height)
    starts = rows * wide + offsets[1, :, None, None]
    runs = padded.flatten().unfold(0, width, 1)
    return runs.index_select(0, starts.flatten()).view(images.shape)


def flip(images: Tensor, generator: Generator, probability: float = 0.5) -> Tensor:
    """Mirror each image left to right with this probability: (N, C, H, W)."""
    drawn = torch.rand(len(images), generator=generator) < probability
    return flip_where(images, _on(images, drawn))


def flip_where(images: Tensor, chosen: Tensor) -> Tensor:
    """Mirror the images that are chosen (N) bool."""
    # a gather from both forms of the batch: bytes are four times as slow through torch.where
    both = torch.cat([images, images.flip(-1)])
    own = torch.arange(len(images), device=images.device)
    places = own + chosen.long() * len(images)
    return both.index_select(0, places)


def cutout(images: Tensor, size: int, generator: Generator) -> Tensor:
    """Set a square in each image to zero, its centre anywhere, clipped at the border.

    After `normalise` zero is the mean colour (DeVries & Taylor 2017, arXiv:1708.04552).
    """
    count, (tall, wide) = (len(images),), images.shape[2:]
    centres = [torch.randint(side, count, generator=generator) for side in (tall, wide)]
    return cutout_at(images, size, _on(images, torch.stack(centres)))


def cutout_at(images: Tensor, size: int, centres: Tensor) -> Tensor:
    """Set rows and columns from centre - size // 2 on, `size` of them, to zero; centres (2, N)."""
    inside = []
    for centre, side in zip(centres, images.shape[2:], strict=True):
        distance = torch.arange(side, device=images.device) - (centre - size // 2)[:, None]
        inside.append(((distance >= 0) & (distance < size)).to(images.dtype))
    hole: Tensor = inside[0][:, None, :, None] * inside[1][:, None, None, :]
    whole: Tensor = images * (1 - hole)  # pixels are finite: ten times as fast as masked_fill
    return whole


def normalise(images: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """Turn bytes (N, C, H, W) into float32: (byte / 255 - mean) / std, channel by channel."""
    wide = torch.tensor([mean, std], dtype=torch.float64)[:, :, None, None]
    scale, shift = (1 / (255 * wide[1])), (-wide[0] / wide[1])
    floats = images.float()
    return floats.mul_(_on(images, scale.float())).add_(_on(images, shift.float()))


def resized_crop(
    images: Tensor,
    size: int,
    generator: Generator,
    area: tuple[float, float] = (0.08, 1.0),
    ratio: tuple[float, float] = (3 / 4, 4 / 3),
) -> Tensor:
    """Cut a box of random area and aspect from each image, resize it: (N, C, S, S) float32.

    The boxes are distributed as torchvision's RandomResizedCrop draws them.
    """
    chosen = boxes(len(images), (images.shape[2], images.shape[3]), generator, area, ratio)
    return resize_boxes(images, size, _on(images, chosen))


def boxes(
    count: int,
    shape: tuple[int, int],
    generator: Generator,
    area: tuple[float, float],
    ratio: tuple[float, float],
) -> Tensor:
    """Draw boxes (4, N): top, left, height, width. The first of ten tries that fits, else all.

    Where none fits, the box is the largest centred one whose aspect is allowed.
    """
    tall, wide = shape
    random = torch.rand(4, count, TRIES, generator=generator, dtype=torch.float64)
    pixels = tall * wide * (area[0] + (area[1] - area[0]) * random[0])
    low, high = math.log(ratio[0]), math.log(ratio[1])
    aspect = torch.exp(low + (high - low) * random[1])
    height, width = (pixels / aspect).sqrt().round(), (pixels * aspect).sqrt().round()
    fits = (height > 0) & (height <= tall) & (width > 0) & (width <= wide)
    top, left = (random[2] * (tall - height + 1)).floor(), (random[3] * (wide - width + 1)).floor()
    first = fits.to(torch.uint8).argmax(1, keepdim=True)  # the first of equal ones
    drawn = torch.stack([b.gather(1, first)[:, 0] for b in (top, left, height, width)])
    fallback = torch.tensor(_centred(tall, wide, ratio), dtype=torch.float64)[:, None]
    return torch.where(fits.any(1), drawn, fallback).long()


def _centred(tall: int, wide: int, ratio: tuple[float, float]) -> tuple[int, int, int, int]:
    height, width = tall, wide
    if wide / tall < ratio[0]:
        height = round(wide / ratio[0])
    elif wide / tall > ratio[1]:
        width = round(tall * ratio[1])
    return (tall - height) // 2, (wide - width) // 2, height, width


def resize_boxes(images: Tensor, size: int, chosen: Tensor) -> Tensor:
    """Resize box n of image n, bilinear without antialiasing: (N, C, S, S) float32; boxes (4, N).

    Samples are clamped into their box, so no pixel beside it shines in.
    """
    top, left, height, width = chosen.float()[:, :, None]
    steps = (torch.arange(size, device=images.device) + 0.5) / size

    def places(start: Tensor, length: Tensor, side: int) -> Tensor:
        inside = (steps * length - 0.5).clamp(min=0).minimum(length - 1)
        return (2 * (start + inside) + 1) / side - 1  # grid_sample's -1 and 1 are the outer edges

    y = places(top, height, images.shape[2])[:, :, None].expand(-1, size, size)
    x = places(left, width, images.shape[3])[:, None, :].expand(-1, size, size)
    grid = torch.stack([x, y], dim=-1)
    return F.grid_sample(
        images.float(), grid, mode="bilinear", padding_mode="border", align_corners=False
    )


def _on(images: Tensor, drawn: Tensor) -> Tensor:
    return drawn.to(images.device)


@dataclass(frozen=True)
class Recipe:
    """The augmentation of CIFAR's papers: pad and crop, flip, normalise, cut out.

    `cutout=0` cuts nothing out, `padding=0` crops nothing, `flip=0` mirrors nothing.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    padding: int = 4
    flip: float = 0.5
    cutout: int = 0

    def __post_init__(self) -> None:
        if self.padding < 0 or self.cutout < 0 or not 0 <= self.flip <= 1:
            raise ValueError(f"{self}: padding and cutout must be at least 0, flip from 0 to 1")

    def __call__(self, images: Tensor, generator: Generator) -> Tensor:
        """Return an augmented batch: uint8 (N, C, H, W) -> float32 of the same shape."""
        if self.padding:
            images = crop(images, self.padding, generator)
        if self.flip:
            images = flip(images, generator, self.flip)
        floats = normalise(images, self.mean, self.std)
        return cutout(floats, self.cutout, generator) if self.cutout else floats
