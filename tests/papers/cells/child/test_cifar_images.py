"""CIFAR-10's images: how they are augmented, and that those of the test are sealed."""

from dataclasses import replace

import pytest
import torch

from harness.paper import Refused
from harness.training import augment
from papers.cells.child.cifar_images import MEAN, STD, CifarImages, augmentation
from papers.cells.child.cifar_recipe import DARTS

pytestmark = pytest.mark.usefixtures("stored")


def test_cutout_and_crop_are_those_asked_for():
    assert augmentation(DARTS) == augment.Recipe(MEAN, STD, padding=4, flip=0.5, cutout=16)
    assert augmentation(replace(DARTS, cutout=0, padding=2)) == augment.Recipe(MEAN, STD, 2, 0.5)
    images = torch.full((40, 3, 32, 32), 255, dtype=torch.uint8)
    seen = augmentation(replace(DARTS, padding=0))(images, torch.Generator().manual_seed(0))
    holes = (seen == 0).all(1).sum((1, 2))
    assert holes.max() == 16 * 16
    assert holes.min() >= 8 * 8  # a centre in the corner


def test_a_searcher_that_touches_test_images_is_stopped():
    images = CifarImages.load("cifar10_subset", held_out=0.5)
    assert (len(images.train.y), len(images.val.y)) == (32, 32)
    for name in ("x", "y"):
        with pytest.raises(AttributeError, match="test data is sealed"):
            getattr(images.test, name)
    with pytest.raises(TypeError):
        len(images.test)
    assert len(images.judged("val").y) == 32
    with pytest.raises(Refused, match="no validation part"):
        CifarImages.load("cifar10_subset").judged("val")
