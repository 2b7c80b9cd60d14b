"""ImageNet as a testbed: which images train and judge, and how a turn's batch is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from harness.paper import Phase
from harness.training import augment, imagenet
from papers.ghn2.imagenet import study
from papers.ghn2.imagenet.bed import Part, Reading, Some, last_of_each, load
from papers.ghn2.imagenet.config import ImageNet
from tests.lab import imagenets
from tests.lab.testbeds import trial_of

pytestmark = pytest.mark.usefixtures("prepared")
PIXELS = replace(ImageNet(), **study.CHECK)
TINY = replace(PIXELS, dataset="imagenet", batch=4)


@pytest.fixture
def bed(lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reading:
    imagenets.tiny(tmp_path, monkeypatch)
    return load(TINY, trial_of(lab, replace(TINY, steps=9), {"train": Phase("steps")}))


def read(part: Part) -> torch.Tensor:
    """Every image of a part, in its order."""
    return torch.stack([part.images[0, place] for place in range(len(part))])


def numbers(images: imagenet.Images) -> list[int]:
    """Which of a whole part's images these are."""
    assert isinstance(images, Some)
    return images.rows.tolist()


def test_the_last_of_each_class_are_held_out():
    labels = np.array([0, 1, 0, 0, 1, 1, 2, 2])
    kept, cut = last_of_each(labels, 2)
    assert kept.tolist() == [0, 1]
    assert cut.tolist() == [2, 3, 4, 5, 6, 7]
    assert last_of_each(labels, 1)[1].tolist() == [3, 5, 7]


def test_labels_are_in_memory_and_pixels_are_not(bed: Reading):
    assert bed.train.y.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert sorted(bed.test.y.tolist()) == [0, 0, 1, 1, 2, 2]
    for rows in (bed.train, bed.test):
        assert rows.x.device.type == "meta"
        assert rows.x.shape == (len(rows), 3, 16, 16)
    assert (bed.frame.size, bed.frame.classes, bed.frame.channels) == ((16, 16), 1000, 3)


def test_held_out_images_are_cropped_in_the_middle_and_train_nothing(bed: Reading):
    files, _, _ = imagenet.load()
    central = imagenet.Jpegs(files, 16)
    last = torch.stack([central[0, number] for number in (3, 7, 11)])
    shown = read(bed.held_out)
    order = bed.held_out.labels
    assert sorted(order.tolist()) == [0, 1, 2]
    assert torch.equal(shown, last[order])
    trained = {image for turn in range(9) for _, image in bed.batches.rows(turn)}
    assert trained == set(range(9))
    assert numbers(bed.batches.images) == [0, 1, 2, 4, 5, 6, 8, 9, 10]


def test_a_turn_reads_its_own_images_cropped_anew_in_each_epoch_and_standardised(
    lab: Callable, bed: Reading
):
    files, _, _ = imagenet.load()
    rows = [0, 1, 2, 4, 5, 6, 8, 9, 10]
    seed = trial_of(lab, TINY, {"train": Phase("steps")}).stream("augmented")
    moved = imagenet.Jpegs(files, 16, seed)
    generator = torch.Generator()
    before = generator.get_state()
    for turn in (0, 1, 2, 3, 8):
        x, y = bed.drawn(torch.tensor([turn]), generator)
        asked = bed.batches.rows(turn)
        own = torch.stack([moved[epoch, rows[image]] for epoch, image in asked])
        assert torch.equal(x, augment.normalise(own, imagenet.MEAN, imagenet.STD))
        assert y.tolist() == [rows[image] // 4 for _, image in asked]
    assert torch.equal(generator.get_state(), before)
    assert not torch.equal(moved[0, 1], moved[1, 1])
    bed.batches.close()


def test_test_images_come_in_an_order_that_is_shuffled_and_always_the_same(
    lab: Callable, bed: Reading
):
    _, files, _ = imagenet.load()
    stored = read(Part(imagenet.Jpegs(files, 16), files.labels))
    order = numbers(bed.judged.images)
    assert sorted(order) == list(range(6)) != order
    assert torch.equal(read(bed.judged), stored[order])
    assert bed.judged.labels.tolist() == [number // 2 for number in order]
    other = load(TINY, trial_of(lab, TINY, {"train": Phase("steps")}, seed=1))
    assert numbers(other.judged.images) == order
    assert other.batches.rows(0) != bed.batches.rows(0)


def test_random_images_stand_in_for_files(lab):
    config = replace(PIXELS, steps=3)
    bed = load(config, trial_of(lab, config, {"train": Phase("steps")}))
    assert (len(bed.train), len(bed.held_out), len(bed.judged)) == (10, 10, 12)
    x, y = bed.drawn(torch.tensor([2]), torch.Generator())
    assert x.shape == (2, 3, 16, 16)
    assert x.dtype == torch.float32
    assert len(y) == 2
