"""The authors' cells trained by their protocols: schedules, and a training from start to end."""

from __future__ import annotations

import math

import pytest

from papers.cells.child import cifar
from papers.cells.child.cifar_recipe import GDAS
from papers.cells.draw import files
from papers.cells.space.genotype import Genotype
from papers.gdas.images import published, study
from papers.gdas.images.config import CELLS, ImageRetrained
from papers.gdas.images.published import Schedule
from tests.lab.testbeds import trial_of

pytestmark = pytest.mark.usefixtures("prepared")
EPOCH = 521
TINY = {
    "dataset": "cifar10_subset", "side": 8, "child_channels": 4, "child_layers": 3,
    "child_batch": 24, "child_steps": 4, "child_every": 2, "child_cutout": 2,
}  # fmt: skip


def test_the_original_rate_falls_from_025_to_0001_by_a_cosine():
    config = ImageRetrained()
    schedule = Schedule(config.recipe, EPOCH, 600 * EPOCH, config.lowest_lr)
    assert schedule.lr(0) == pytest.approx(0.025)
    assert schedule.lr(300 * EPOCH) == pytest.approx((0.025 + 1e-4) / 2)
    assert schedule.lr(300 * EPOCH + 520) == schedule.lr(300 * EPOCH)  # by epochs
    last = 1e-4 + (0.025 - 1e-4) * (1 + math.cos(math.pi * 599 / 600)) / 2
    assert schedule.lr(600 * EPOCH - 1) == pytest.approx(last)
    assert schedule.drop_path(300 * EPOCH) == pytest.approx(0.1)


def test_the_later_rate_is_the_recipes():
    config = ImageRetrained(protocol="later")
    ours = Schedule(config.recipe, EPOCH, 300 * EPOCH, config.lowest_lr)
    theirs = cifar.Schedule(GDAS, EPOCH, 300 * EPOCH)
    turns = (0, 4 * EPOCH, 5 * EPOCH, 150 * EPOCH, 300 * EPOCH - 1)
    for turn in turns:
        assert ours.lr(turn) == pytest.approx(theirs.lr(turn), rel=1e-12)
    assert ours.lr(5 * EPOCH - 1) == pytest.approx(0.025)  # the warm-up's last turn
    assert ours.lr(0) < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("cell", sorted(CELLS))
@pytest.mark.parametrize("protocol", ["original", "later"])
def test_a_published_cell_is_trained_and_tested_once(cell, protocol, lab, stored):
    config = ImageRetrained(cell=cell, protocol=protocol, **TINY)
    trial = trial_of(lab, config, study.EXPERIMENTS[-1].phases)
    *told, final = published.run(config, trial)
    assert Genotype.parse(final["cell"]) == CELLS[cell].genotype
    assert final["test_error"] == told[-1]["child_test_error"]
    assert "child_test_error" not in told[0]
    assert cell in files.shown(trial.artifacts)
    assert trial.meter.ledgers["retrain"].flops > 0
