"""ImageNet's child protocol: DARTS's recipe, on a tiny folder of the same layout."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from harness.meter import Interrupted
from harness.paper import Phase, Refused
from harness.plan import settings
from harness.trial import Pace, stream
from papers.cells.child import imagenet
from papers.cells.child.imagenet import Child
from papers.cells.child.imagenet_config import ROWS, ImageNetPublished
from papers.cells.space.published import PUBLISHED
from papers.darts.imagenet import study
from tests.lab import imagenets
from tests.lab.testbeds import trial_of

pytestmark = pytest.mark.usefixtures("prepared")
PUBLISHED_RECIPE = ImageNetPublished()
TINY = replace(
    PUBLISHED_RECIPE,
    **{**study.EXPERIMENTS[0].reduced["check"], "dataset": "imagenet", "batch": 5},
)
CELL = PUBLISHED["DARTS_V2"].genotype


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(imagenet, "EVAL_ROWS", 4)
    return imagenets.tiny(tmp_path, monkeypatch)


def child(config: ImageNetPublished = TINY) -> Child:
    seed = partial(stream, 0)
    return Child(config, CELL, imagenet.read(config, seed), seed, "cpu")


def test_the_network_is_the_published_one():
    built = imagenet.layout(CELL, PUBLISHED_RECIPE)
    assert (built.channels, built.layers, built.classes) == (48, 14, 1000)
    assert (built.stem, built.auxiliary) == ("imagenet", True)


def test_the_length_is_250_epochs_whose_last_batch_is_short():
    epoch, left = divmod(ROWS["imagenet"], PUBLISHED_RECIPE.batch)
    assert left == 15
    assert PUBLISHED_RECIPE.steps == 250 * (epoch + 1)
    assert PUBLISHED_RECIPE.every == epoch + 1


def test_the_rate_falls_with_every_epoch_and_as_far_in_a_shorter_training(folder: Path):
    own = child(replace(TINY, steps=30))  # ten epochs of three batches
    rates = [own.lr(turn) for turn in range(30)]
    assert rates == pytest.approx([0.1 * 0.97 ** (turn // 3) for turn in range(30)])
    own.horizon = 6
    assert [own.lr(turn) for turn in range(6)] == pytest.approx([0.1] * 3 + [0.1 * 0.97**5] * 3)


def test_labels_are_smoothed_for_both_classifiers():
    logits, second = torch.randn(2, 4, 10)
    y = torch.tensor([1, 2, 3, 4])
    target = 0.9 * F.one_hot(y, 10) + 0.1 / 10
    one, other = (-(target * x.log_softmax(-1)).sum(-1).mean() for x in (logits, second))
    assert float(imagenet.loss((logits, second), y, 0.1, 0.4)) == pytest.approx(one + 0.4 * other)
    assert float(imagenet.loss((logits, None), y, 0.1, 0.4)) == pytest.approx(float(one))


def test_parameters_are_counted_without_the_second_classifier(folder: Path):
    own = child()
    assert own.network.auxiliary is not None
    second = sum(each.numel() for each in own.network.auxiliary.parameters())
    assert own.parameters == sum(each.numel() for each in own.network.parameters()) - second


@pytest.mark.slow
def test_a_training_ends_with_both_errors_on_the_images_of_val(lab, folder: Path):
    phases = {"retrain": Phase("steps")}
    *_, last = rows = list(imagenet.run(TINY, trial_of(lab, TINY, phases)))
    assert last["dataset"] == "imagenet"
    assert 0 <= last["top5_error"] <= last["test_error"] <= 1
    assert last["test_error"] * 6 == pytest.approx(round(last["test_error"] * 6))
    assert ["child_test_error" in row for row in rows] == [False, False, True, False]
    again = list(imagenet.run(replace(TINY, workers=2), trial_of(lab, TINY, phases)))
    assert again == rows


@pytest.mark.slow
def test_a_training_that_is_stopped_leaves_no_worker_behind(lab, folder: Path):
    """One that lived on would hold the trial's lock; and it heeds no signal."""
    config = replace(TINY, workers=1)
    trial = trial_of(lab, config, {"retrain": Phase("steps")})
    trial.pace = Pace(stop_after=2)
    rows = imagenet.run(config, trial)
    next(rows)
    assert len(multiprocessing.active_children()) == 1
    with pytest.raises(Interrupted) as stopped:  # whose traceback holds on to what it passed
        list(rows)
    assert multiprocessing.active_children() == []
    assert "at turn 2" in str(stopped.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"side": 100}, "side=100: must be a multiple of 32; the nearest is 96"),
        ({"side": 8}, "the nearest is 32"),
        ({"batch": 2}, "batch=2: the last batch of 1,281,167 images would be a single one"),
    ],
)
def test_sizes_that_no_network_takes_are_refused_by_the_plan(changes, message: str):
    with pytest.raises(Refused, match=message):
        settings.refuse(replace(PUBLISHED_RECIPE, **changes))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ImageNetPublished(cell="DARTS_V3"), "did you mean 'DARTS_V2'"),
        (lambda: ImageNetPublished(dataset="imagnet"), "did you mean 'imagenet'"),
        (lambda: ImageNetPublished(channels=4), "channels=4: must be at least 8"),
        (lambda: ImageNetPublished(batch=1), "batch=1"),
        (lambda: ImageNetPublished(smoothing=1.0), "smoothing=1.0"),
    ],
)
def test_what_cannot_be_is_refused(make: Callable[[], object], message: str):
    with pytest.raises(Refused, match=message):
        make()
