"""CIFAR's images as a testbed: halves for a search, children of the shared protocol."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
import torch

from harness.paper import Phase, Refused
from harness.training import data
from harness.trial import stream
from papers.cells.child import cifar
from papers.cells.child.config import ImageChildren
from papers.cells.child.images import ImageTestbed
from papers.cells.child.testbed import Training, train
from tests.lab.testbeds import draw, random_images, trial_of

pytestmark = pytest.mark.usefixtures("prepared")
IMAGE = ImageChildren(
    dataset="cifar10_subset", side=8, child_channels=4, child_layers=3, child_batch=24,
    child_steps=2, child_every=2, child_cutout=2,
)  # fmt: skip
RETRAIN = {"retrain": Phase("child_steps")}


class Halves(ImageChildren):
    """A search's: half of the training images are alpha's."""

    halves = (0.5, 0)


def test_children_of_images_are_those_of_the_shared_protocol(lab, stored):
    """The same streams give the same training as `cells.cifar.run`, loss for loss."""
    config = replace(IMAGE, side=32)
    for part, turns in (("test", 10), ("val", 10)):
        trial, other = (trial_of(lab, config, RETRAIN, seed=5) for _ in range(2))
        theirs = list(cifar.run(draw(3), config.recipe, other, "retrain", part))
        bed = ImageTestbed.load(config, "cpu")
        begin = partial(bed.child, draw(3), (part,), partial(trial.stream, "retrain"))
        ours = list(train(Training("retrain", begin, (part,), turns), trial, {}))
        assert ours[-1]["child_train_loss"] == theirs[-1]["train_loss"]
        assert ours[-1][f"child_{part}_error"] == theirs[-1][f"{part}_error"]
        assert trial.meter.spent("flops") == other.meter.spent("flops")


def test_a_choice_is_made_on_images_that_do_not_train(stored):
    bed = ImageTestbed.load(Halves(**vars(IMAGE)), "cpu")
    assert (len(bed.rows.train.y), len(bed.rows.val.y)) == (32, 32)
    seed = partial(stream, 0)
    chosen = bed.child(draw(0), ("val",), seed)
    assert (len(chosen.images.train.y), len(chosen.images.val.y)) == (56, 8)
    final = bed.child(draw(0), bed.parts, seed)
    assert (len(final.images.train.y), len(final.images.val.y)) == (64, 0)
    with pytest.raises(Refused, match="no validation part"):
        final.error("val")


def test_images_are_pooled_and_augmented(monkeypatch):
    monkeypatch.setattr(data, "_stored", partial(random_images, 32))
    bed = ImageTestbed.load(IMAGE, "cpu")
    assert bed.rows.train.x.shape[1:] == (3, 8, 8)
    assert bed.rows.train.x.dtype == torch.uint8
    whole = ImageTestbed.load(replace(IMAGE, side=32), "cpu").rows
    block = whole.train.x[0, 1, 4:8, 8:12].float().mean().round()
    assert bed.rows.train.x[0, 1, 1, 2] == block
    batch = bed.rows.augment(bed.rows.train.x[:6], torch.Generator().manual_seed(0))
    assert batch.shape == (6, 3, 8, 8)
    assert batch.dtype == torch.float32
    assert not torch.equal(batch, bed.rows.plain(bed.rows.train.x[:6]))


def test_pixels_need_no_data(monkeypatch):
    monkeypatch.setattr(data, "_stored", None)  # whoever asks for data fails
    bed = ImageTestbed.load(replace(IMAGE, dataset="pixels"), "cpu")
    assert bed.rows.dataset == "pixels"
    final = bed.child(draw(0), bed.parts, partial(stream, 0))
    assert len(final.images.train.y) == len(bed.rows.train.y) + len(bed.rows.val.y)
    final.update(0)
    assert 0 <= final.error("test") <= 1
