"""Training a cell on CIFAR-10: schedules, the loss, one look at the test set, and resuming."""

import itertools
import math
import os
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from harness.budget import Limit
from harness.meter import Interrupted, Meter
from harness.paper import Refused
from harness.record import journal
from harness.training import data, device, metrics
from harness.trial import Pace, Tools, Trial, stream
from papers.cells.child import cifar
from papers.cells.child.cifar_images import CifarImages, augmentation
from papers.cells.child.cifar_recipe import DARTS, GDAS, STORED_ROWS, CifarRecipe
from papers.cells.space.published import PUBLISHED

V2 = PUBLISHED["DARTS_V2"].genotype
SIDE, TRAIN, TEST = 8, 64, 20
TINY = CifarRecipe(
    dataset="cifar10_subset", channels=2, layers=3, epochs=2, batch=24, every=1, cutout=2,
    padding=1, held_out=0.25,
)  # fmt: skip
NEVER = 1e9


@pytest.fixture(autouse=True)
def _images(monkeypatch, request):
    """Let 64 random images be CIFAR-10, unless a test wants the real ones."""
    if "real_subset" not in request.node.name:
        monkeypatch.setattr(data, "_stored", stored)


def stored(name, part):
    random = np.random.default_rng(len(part))
    count = TEST if part == "test" else TRAIN
    images = random.integers(256, size=(count, 3, SIDE, SIDE), dtype=np.uint8)
    return images, np.arange(count) % 4, f"hash of {name}"


def open_trial(folder, turns, pace=None, limit=None, phases=("retrain",), **clock):
    tools = Tools(device.save, device.load, device.random_state, device.set_random_state)
    meter = Meter(dict.fromkeys(phases, (turns, 1)), limit or Limit(), **clock)
    folder.mkdir(exist_ok=True)
    trial = Trial(journal.Journal(folder), meter, tools, seed=7)
    trial.pace = pace or Pace(NEVER, NEVER)
    return trial


def train(folder, recipe=TINY, turns=6, pace=None, part="test", **more):
    """Run a trial as the runner does; return its rows."""
    trial = open_trial(folder, turns, pace, **more)
    with closing(trial.journal):
        for row in cifar.run(V2, recipe, trial, part=part):
            trial.append(row)
    return trial


def rows(folder):
    return [row["values"] for row in journal.read(folder).rows]


# -- schedules ------------------------------------------------------------------------------------


def test_rate_and_drop_path_move_with_whole_epochs():
    plan = cifar.Schedule(DARTS, 521, DARTS.steps())
    half = 300 * 521
    assert plan.lr(0) == plan.lr(520) == 0.025
    assert plan.lr(half) == plan.lr(half + 520) == pytest.approx(0.0125, rel=1e-12)
    assert plan.lr(600 * 521) == pytest.approx(0, abs=1e-18)
    last = 0.025 * (1 + math.cos(math.pi * 599 / 600)) / 2
    assert plan.lr(600 * 521 - 1) == pytest.approx(last, rel=1e-12)
    assert plan.drop_path(520) == 0
    assert plan.drop_path(half) == pytest.approx(0.1, rel=1e-12)
    assert plan.drop_path(600 * 521 - 1) == pytest.approx(0.2 * 599 / 600, rel=1e-12)


def test_steps_anneal_a_training_that_is_shorter_than_an_epoch():
    plan = cifar.Schedule(replace(DARTS, annealed="step"), 521, 100)
    assert plan.lr(50) == pytest.approx(0.0125)
    assert plan.drop_path(50) == pytest.approx(0.1)
    by_epochs = cifar.Schedule(DARTS, 521, 100)
    assert {by_epochs.lr(turn) for turn in range(100)} == {0.025}


def test_warm_up_rises_to_the_full_rate_and_the_cosine_follows():
    plan = cifar.Schedule(GDAS, 521, GDAS.steps())
    assert plan.lr(0) == pytest.approx(0.025 / (5 * 521))
    assert plan.lr(5 * 521 - 1) == plan.lr(5 * 521) == 0.025
    middle = 0.025 * (1 + math.cos(math.pi * 147 / 295)) / 2
    assert plan.lr(152 * 521) == pytest.approx(middle, rel=1e-12)
    rates = [cifar.Schedule(GDAS, 3, turns).lr(turns - 1) for turns in (1, 2, 70)]
    assert all(0 <= rate <= 0.025 for rate in rates)


# -- the loss -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_second_classifier_counts_while_training_only():
    recipe = replace(TINY, auxiliary=0.4)
    network = cifar.build(V2, recipe, 0)
    x, y = torch.randn(6, 3, SIDE, SIDE), torch.arange(6)
    logits, second = network(x)
    expected = F.cross_entropy(logits, y) + 0.4 * F.cross_entropy(second, y)
    torch.testing.assert_close(cifar.loss((logits, second), y, 0.4), expected)
    outputs = network.eval()(x)
    assert outputs[1] is None
    torch.testing.assert_close(cifar.loss(outputs, y, 0.4), F.cross_entropy(outputs[0], y))
    assert cifar.build(V2, replace(TINY, auxiliary=0.0), 0).auxiliary is None


def test_an_update_is_clipped_sgd_on_the_augmented_batch():
    """One step again, by hand: momentum has no past yet."""
    recipe = replace(TINY, channels_last=False, clip=0.5)
    part = CifarImages.load("cifar10_subset").train
    seed = partial(stream, 3)
    training = cifar.Training(cifar.build(V2, recipe, 1), recipe, part, seed)
    oracle = cifar.build(V2, recipe, 1)
    batch = torch.randperm(TRAIN, generator=torch.Generator().manual_seed(seed("order")))[:24]
    drawn = torch.Generator().manual_seed(seed("augment"))
    x = augmentation(recipe)(part.x[batch], drawn)
    logits, second = oracle(x)
    value = F.cross_entropy(logits, part.y[batch]) + 0.4 * F.cross_entropy(second, part.y[batch])
    weights = list(oracle.parameters())
    gradients = torch.autograd.grad(value, weights)
    norm = torch.cat([g.flatten() for g in gradients]).norm()
    assert norm > recipe.clip
    training.update(0)
    pairs = zip(weights, gradients, training.network.parameters(), strict=True)
    for before, gradient, after in pairs:
        step = gradient * recipe.clip / norm + recipe.weight_decay * before
        torch.testing.assert_close(after, before - recipe.lr * step, rtol=1e-4, atol=1e-7)
    assert training.row(1)["train_loss"] == pytest.approx(value.item(), rel=1e-6)


# -- trainings ------------------------------------------------------------------------------------


def test_a_training_ends_with_one_look_at_the_test_set(tmp_path, monkeypatch):
    looks = []
    real = cifar.error
    monkeypatch.setattr(cifar, "error", lambda *a: looks.append(len(a[1].y)) or real(*a))
    trial = train(tmp_path)  # three batches in an epoch: 24, 24, 16
    found = rows(tmp_path)
    assert [row["epoch"] for row in found] == pytest.approx([1 / 3, 4 / 3, 2])
    assert all(math.isfinite(value) for row in found for value in row.values())
    assert ["test_error" in row for row in found] == [False, False, True]
    assert looks == [TEST]
    assert (trial.meter.spent("steps"), trial.meter.stopped_by) == (6, "length")
    assert journal.read(tmp_path).data == {
        "name": "cifar10_subset", "hash": "hash of cifar10_subset"
    }  # fmt: skip


def test_a_choice_leaves_the_test_set_sealed(tmp_path, monkeypatch):
    def opened(sealed):
        raise AssertionError("the test set was opened")

    monkeypatch.setattr(cifar.CifarImages, "load", sealed_load := recorded(CifarImages.load))
    monkeypatch.setattr("papers.cells.rows.Sealed.open", opened)
    train(tmp_path, part="val")
    assert all(0 <= row["val_error"] <= 1 for row in rows(tmp_path))
    (images,) = sealed_load.results
    assert (len(images.train.y), len(images.val.y)) == (48, 16)
    with pytest.raises(Refused, match="held_out=0: there is no validation part"):
        train(tmp_path / "none", replace(TINY, held_out=0.0), part="val")


def recorded(function):
    def call(*arguments):
        call.results.append(function(*arguments))
        return call.results[-1]

    call.results = []
    return call


def test_same_seed_same_bytes(tmp_path):
    for name in ("one", "two"):
        train(tmp_path / name, turns=4)
    assert rows(tmp_path / "one") == rows(tmp_path / "two")


@pytest.mark.slow
@pytest.mark.parametrize("stop", [2, 3, 6])  # within an epoch, at its end, at the very end
def test_resumed_equals_uninterrupted(tmp_path, stop):
    recipe = replace(TINY, drop_path=0.5, every=2)
    train(tmp_path / "whole", recipe)
    with pytest.raises(Interrupted):
        train(tmp_path / "cut", recipe, pace=Pace(NEVER, NEVER, stop_after=stop))
    train(tmp_path / "cut", recipe)
    measured = [journal.measured(journal.read(tmp_path / name)) for name in ("whole", "cut")]
    assert measured[0] == measured[1]


@pytest.mark.slow
def test_several_children_one_after_another_resume_too(tmp_path):
    def story(name, pace=None):
        trial = open_trial(tmp_path / name, 3, pace, phases=("retrain/0", "retrain/1"))
        with closing(trial.journal):
            for phase in trial.meter.ledgers:
                for row in cifar.run(V2, TINY, trial, phase):
                    trial.append(row)

    story("whole")
    for stop in (2, 1, 1):  # in the first child, at its end, in the second
        with pytest.raises(Interrupted):
            story("cut", Pace(NEVER, NEVER, stop_after=stop))
    story("cut")
    measured = [journal.measured(journal.read(tmp_path / name)) for name in ("whole", "cut")]
    assert measured[0] == measured[1]
    first, second = (rows(tmp_path / "whole")[at]["train_loss"] for at in (0, 2))
    assert first != second  # each child has its own weights and batches


def test_evaluation_is_off_the_clock(tmp_path, monkeypatch):
    now = SimpleNamespace(seconds=0.0)
    real = cifar.error

    def slow(*arguments):
        now.seconds += 1000
        return real(*arguments)

    monkeypatch.setattr(cifar, "error", slow)
    trial = train(tmp_path, turns=3, clock=lambda: now.seconds)
    assert trial.meter.spent("seconds") == 0
    assert now.seconds == 1000


def test_where_time_binds_the_schedule_is_shortened_and_the_end_is_judged(tmp_path):
    ticks = itertools.count()
    trial = train(
        tmp_path, turns=6, part="test", limit=Limit(seconds=4.5), clock=lambda: float(next(ticks))
    )
    assert trial.meter.horizon("retrain") == 4
    last = rows(tmp_path)[-1]
    assert last["epoch"] == pytest.approx(trial.meter.spent("steps") / 3)
    assert "test_error" in last
    assert trial.meter.stopped_by == "seconds"


def test_rehearsals_leave_no_trace(tmp_path):
    """Calibration trains a network of its own: with ample time the rows are the same."""
    train(tmp_path / "free", turns=3)
    ticks = itertools.count()
    clock = {"clock": lambda: float(next(ticks)), "limit": Limit(seconds=1e6)}
    train(tmp_path / "timed", turns=3, **clock)
    assert rows(tmp_path / "free") == rows(tmp_path / "timed")


def test_flops_are_three_forward_passes_of_an_average_batch():
    network, part = cifar.build(V2, TINY, 0), CifarImages.load("cifar10_subset").train
    counted = metrics.flops(lambda: network(torch.zeros(TRAIN, 3, SIDE, SIDE)))
    assert cifar.flops(V2, TINY, part) == pytest.approx(3 * counted / 3, rel=1e-12)  # 3 batches
    without = cifar.flops(V2, replace(TINY, auxiliary=0.0), part)
    assert without < cifar.flops(V2, TINY, part)  # the second classifier costs too


@pytest.mark.parametrize("precision", ["bf16", "tf32"])
def test_other_precisions_train_too(tmp_path, precision):
    train(tmp_path, replace(TINY, precision=precision), turns=2)
    assert math.isfinite(rows(tmp_path)[-1]["train_loss"])


def test_layouts_in_memory_agree():
    part = CifarImages.load("cifar10_subset").train
    losses = []
    for channels_last in (False, True):
        recipe = replace(TINY, channels_last=channels_last)
        network = cifar.build(V2, recipe, 0)
        training = cifar.Training(network, recipe, part, partial(stream, 0))
        training.update(0)
        losses.append(training.row(1)["train_loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


# -- the real images ------------------------------------------------------------------------------


@pytest.mark.slow
def test_real_subset_trains(tmp_path, monkeypatch):
    folder = Path(__file__).parents[4] / "data" / "cifar10_subset"
    if not (folder / "train.bin").exists() and not os.environ.get("HARNESS_DVC_REMOTE"):
        pytest.skip("no cifar10_subset here, and HARNESS_DVC_REMOTE names no store")
    if (folder / "train.bin").exists():
        monkeypatch.setattr(data, "locate", lambda name: (folder, "hash"))
    recipe = replace(TINY, held_out=0.1, padding=4, cutout=16)
    train(tmp_path, recipe, turns=2, part="val")
    images = CifarImages.load("cifar10_subset")
    assert len(images.train.y) == STORED_ROWS["cifar10_subset"]
    (first, last) = rows(tmp_path)[0], rows(tmp_path)[-1]
    assert 0 < first["train_loss"] < 10
    assert 0 <= last["val_error"] <= 1
