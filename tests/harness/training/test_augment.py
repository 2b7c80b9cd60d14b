"""Augmentation beside one image after another, and how what it draws is distributed."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from harness.training import augment

SHAPES = [(3, 32, 32), (1, 28, 28), (2, 5, 9)]


def pixels(count: int, shape: tuple[int, ...], seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(256, (count, *shape), generator=generator, dtype=torch.uint8)


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def within(hits: int, draws: int, p: float) -> bool:
    """Five standard deviations of the binomial."""
    return abs(hits - draws * p) <= 5 * math.sqrt(draws * p * (1 - p))


# -- oracles: one image (C, H, W) -----------------------------------------------------------------


def crop_one(image: Tensor, padding: int, top: int, left: int) -> Tensor:
    channels, tall, wide = image.shape
    canvas = image.new_zeros(channels, tall + 2 * padding, wide + 2 * padding)
    canvas[:, padding : padding + tall, padding : padding + wide] = image
    return canvas[:, top : top + tall, left : left + wide]


def cutout_one(image: Tensor, size: int, row: int, column: int) -> Tensor:
    image = image.clone()
    for y in range(image.shape[1]):
        for x in range(image.shape[2]):
            if 0 <= y - (row - size // 2) < size and 0 <= x - (column - size // 2) < size:
                image[:, y, x] = 0
    return image


def resize_one(image: Tensor, size: int, box: list[int]) -> Tensor:
    top, left, height, width = box
    cut = image[None, :, top : top + height, left : left + width].float()
    return F.interpolate(cut, (size, size), mode="bilinear", align_corners=False)[0]


# -- batched equals one after another -------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("padding", [1, 4])
def test_crop_equals_one_after_another(shape, padding):
    images = pixels(50, shape)
    offsets = torch.randint(2 * padding + 1, (2, 50), generator=stream())
    each = [
        crop_one(image, padding, int(top), int(left))
        for image, top, left in zip(images, *offsets, strict=True)
    ]
    assert torch.equal(augment.crop_at(images, padding, offsets), torch.stack(each))
    assert torch.equal(augment.crop(images, padding, stream()), torch.stack(each))


def test_crop_takes_images_that_are_not_contiguous():
    images = pixels(6, (8, 9, 3)).permute(0, 3, 1, 2)
    offsets = torch.randint(5, (2, 6), generator=stream())
    assert torch.equal(
        augment.crop_at(images, 2, offsets), augment.crop_at(images.contiguous(), 2, offsets)
    )


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 9), st.integers(1, 9), st.integers(0, 5), st.integers(1, 12), st.integers(0, 99)
)
def test_crop_and_cutout_of_any_shape(tall, wide, padding, size, seed):
    images = pixels(4, (2, tall, wide), seed)
    offsets = torch.randint(2 * padding + 1, (2, 4), generator=stream(seed))
    rows, columns = (torch.randint(side, (4,), generator=stream(seed)) for side in (tall, wide))
    for n, out in enumerate(augment.crop_at(images, padding, offsets)):
        top, left = offsets[:, n].tolist()
        assert torch.equal(out, crop_one(images[n], padding, top, left))
    for n, out in enumerate(augment.cutout_at(images, size, torch.stack([rows, columns]))):
        assert torch.equal(out, cutout_one(images[n], size, int(rows[n]), int(columns[n])))


def test_flip_equals_one_after_another():
    images = pixels(40, (3, 6, 7))
    chosen = torch.rand(40, generator=stream()) < 0.5
    each = [image.flip(-1) if f else image for image, f in zip(images, chosen, strict=True)]
    assert torch.equal(augment.flip(images, stream()), torch.stack(each))


def test_normalise_is_the_textbook_formula():
    images = pixels(5, (3, 4, 4))
    mean, std = (0.49, 0.48, 0.45), (0.25, 0.24, 0.26)
    each = np.stack([(images[:, c].numpy() / 255 - mean[c]) / std[c] for c in range(3)], axis=1)
    out = augment.normalise(images, mean, std)
    assert out.dtype == torch.float32
    np.testing.assert_allclose(out.numpy(), each, rtol=1e-4, atol=1e-5)


def test_resized_crop_equals_one_after_another():
    images = pixels(30, (3, 40, 56))
    boxes = augment.boxes(30, (40, 56), stream(), (0.08, 1.0), (3 / 4, 4 / 3))
    each = [resize_one(image, 24, boxes[:, n].tolist()) for n, image in enumerate(images)]
    out = augment.resized_crop(images, 24, stream())
    torch.testing.assert_close(out, torch.stack(each), rtol=1e-4, atol=2e-3)


def test_a_recipe_is_its_parts_in_order():
    images, mean, std = pixels(20, (3, 32, 32)), (0.5,) * 3, (0.2,) * 3
    generator = stream(3)
    parts = augment.flip(augment.crop(images, 4, generator), generator)
    parts = augment.cutout(augment.normalise(parts, mean, std), 16, generator)
    assert torch.equal(augment.Recipe(mean, std, cutout=16)(images, stream(3)), parts)
    plain = augment.Recipe(mean, std, padding=0, flip=0)(images, stream(3))
    assert torch.equal(plain, augment.normalise(images, mean, std))


# -- distributions --------------------------------------------------------------------------------


def test_every_offset_of_the_crop_is_reached_about_equally_often():
    """A picture whose pixels are all different tells its offset."""
    draws, padding, side = 8100, 2, 5
    image = torch.arange(1, side * side + 1, dtype=torch.uint8).view(1, 1, side, side)
    out = augment.crop(image.expand(draws, -1, -1, -1), padding, stream())
    middle = out[:, 0, 2, 2].long() - 1  # the pixel that came to lie in the middle
    counts = torch.bincount(middle, minlength=25).tolist()
    assert len(counts) == (2 * padding + 1) ** 2
    assert all(within(count, draws, 1 / 25) for count in counts)


@pytest.mark.parametrize("probability", [0.5, 0.2])
def test_flip_comes_as_often_as_asked_for(probability):
    images = torch.tensor([0, 1], dtype=torch.uint8).view(1, 1, 1, 2).expand(4000, 3, 1, 2)
    out = augment.flip(images, stream(), probability)
    assert within(int(out[:, 0, 0, 0].sum()), 4000, probability)
    assert torch.equal(out[:, 0], out[:, 2])


def test_flip_always_and_never():
    images = pixels(30, (1, 4, 4))
    assert torch.equal(augment.flip(images, stream(), 1.0), images.flip(-1))
    assert torch.equal(augment.flip(images, stream(), 0.0), images)


def test_cutout_area_includes_clipping_at_the_border():
    side, size, draws = 32, 16, 4000
    holes = augment.cutout(torch.ones(draws, 1, side, side), size, stream()) == 0
    areas = holes.sum((1, 2, 3)).double()
    covered = [min(side, c - size // 2 + size) - max(0, c - size // 2) for c in range(side)]
    mean = np.mean(covered) ** 2  # rows and columns are drawn independently
    spread = math.sqrt(np.mean(np.square(covered)) ** 2 - mean**2)
    assert abs(areas.mean() - mean) < 5 * spread / math.sqrt(draws)
    assert areas.max() == size * size  # whole
    assert areas.min() == (size // 2) ** 2  # centre in the first corner
    assert holes.any(0).all()  # no pixel is out of reach


def test_cutout_reaches_every_centre():
    holes = augment.cutout(torch.ones(3000, 1, 5, 7), 1, stream()) == 0
    assert torch.equal(holes.sum((1, 2, 3)), torch.ones(3000, dtype=torch.int64))
    counts = holes.sum((0, 1)).flatten().tolist()
    assert all(within(count, 3000, 1 / 35) for count in counts)


def test_boxes_are_inside_and_have_the_areas_and_aspects_asked_for():
    tall, wide = 200, 240
    boxes = augment.boxes(4000, (tall, wide), stream(), (0.2, 0.6), (3 / 4, 4 / 3)).double()
    top, left, height, width = boxes
    assert (top >= 0).all() and (left >= 0).all()
    assert (top + height <= tall).all() and (left + width <= wide).all()
    share = height * width / (tall * wide)
    assert 0.19 < share.min() < 0.21 and 0.59 < share.max() < 0.61
    assert abs(share.mean() - 0.4) < 0.01
    aspect = (width / height).log()
    assert aspect.min() > math.log(0.72) and aspect.max() < math.log(1.39)
    assert abs(aspect.mean()) < 5 * aspect.std() / math.sqrt(4000)
    assert len(boxes.unique(dim=1).T) > 3900  # each image its own


@pytest.mark.parametrize(("shape", "box"), [((8, 100), [0, 44, 8, 11]), ((90, 9), [39, 0, 12, 9])])
def test_where_no_box_fits_the_largest_centred_one_is_taken(shape, box):
    boxes = augment.boxes(3, shape, stream(), (1.0, 1.0), (3 / 4, 4 / 3))
    assert boxes.T.tolist() == [box] * 3


# -- seeds ----------------------------------------------------------------------------------------

RECIPE = augment.Recipe((0.5,) * 3, (0.25,) * 3, cutout=8)


@pytest.mark.parametrize(
    "change", [RECIPE, lambda images, generator: augment.resized_crop(images, 16, generator)]
)
def test_same_seed_same_bytes_and_another_seed_others(change):
    images = pixels(16, (3, 32, 32))
    kept = images.clone()
    first, second, other = (change(images, stream(seed)) for seed in (1, 1, 2))
    assert first.numpy().tobytes() == second.numpy().tobytes()
    assert not torch.equal(first, other)
    assert torch.equal(images, kept)  # the resident data stay as they are


def test_the_global_stream_is_not_used():
    before = torch.get_rng_state()
    RECIPE(pixels(8, (3, 32, 32)), stream())
    assert torch.equal(torch.get_rng_state(), before)


def test_a_recipe_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="flip from 0 to 1"):
        augment.Recipe((0.5,), (0.2,), flip=1.5)


@pytest.mark.gpu
def test_a_gpu_makes_the_images_of_the_cpu():
    """Draws come from the CPU's generator, so both change the same images alike."""
    images = pixels(64, (3, 32, 32))
    here, there = (RECIPE(x, stream(5)) for x in (images, images.to("cuda")))
    assert there.device.type == "cuda"
    torch.testing.assert_close(there.cpu(), here, rtol=1e-5, atol=1e-6)
    boxes = augment.resized_crop(images.to("cuda"), 24, stream(6))
    torch.testing.assert_close(
        boxes.cpu(), augment.resized_crop(images, 24, stream(6)), rtol=1e-4, atol=2e-2
    )
