"""The published cells in the paper's network, trained from start to end on random images."""

from __future__ import annotations

import pytest

from papers.amoebanet.images import published, study
from papers.amoebanet.images.config import NAMES, NativePublished
from papers.amoebanet.published.cells import CELLS
from papers.cells.child.config import TINY_IMAGES
from papers.cells.draw import files
from papers.cells.space.genotype import Genotype
from tests.lab.testbeds import trial_of

pytestmark = pytest.mark.usefixtures("prepared")


def test_every_cell_can_be_trained():
    assert set(NAMES) == set(CELLS)


@pytest.mark.parametrize("name", NAMES)
def test_a_cell_is_trained_and_tested_once(name, lab):
    config = NativePublished(cell=name, **TINY_IMAGES)
    trial = trial_of(lab, config, study.EXPERIMENTS[0].phases)
    *told, final = published.run(config, trial)
    assert Genotype.parse(final["cell"]) == CELLS[name]
    assert final["test_error"] == told[-1]["child_test_error"]
    assert "child_test_error" not in told[0]
    assert f"AmoebaNet-{name}" in files.shown(trial.artifacts)
    assert trial.meter.ledgers["retrain"].flops > 0


def test_declared_protocols_are_the_papers():
    a, b, listed = (experiment.config for experiment in study.EXPERIMENTS)
    assert (a.cell, b.cell, listed.cell) == ("A", "B", "AmoebaNet_A_darts")
    for config in (a, b):
        recipe = config.recipe
        assert (recipe.channels, recipe.layers, recipe.batch) == (36, 18, 128)
        assert (recipe.lr, recipe.auxiliary, recipe.drop_path) == (0.024, 0.5, 0.3)
        assert config.child_steps == 600 * 391
    assert (a.recipe.cutout, b.recipe.cutout) == (0, 16)
