"""GDAS on images: a search ends with a trained cell, and says both derivations."""

from __future__ import annotations

from dataclasses import replace

import pytest

from papers.cells.draw import files
from papers.cells.space.genotype import Genotype
from papers.cells.space.hand_made import HAND_MADE
from papers.gdas.images import search, study
from papers.gdas.images.config import ImageSearch
from tests.lab.testbeds import trial_of

pytestmark = [pytest.mark.usefixtures("prepared"), pytest.mark.slow]
IMAGE = ImageSearch(
    dataset="cifar10_subset", side=8, channels=4, cells=3, batch=4, steps=10, epochs=2,
    eval_every=10, child_channels=4, child_layers=3, child_batch=24, child_steps=2,
    child_every=2, child_cutout=2,
)  # fmt: skip
PHASES = study.EXPERIMENTS[0].phases


@pytest.mark.parametrize("fixed", [False, True])
def test_a_search_on_images_ends_with_a_trained_cell(fixed, lab, stored):
    config = replace(IMAGE, fixed=fixed)
    trial = trial_of(lab, config, PHASES)
    *_, final = search.run(config, trial)
    assert {"val_error", "discrete_error", "test_error", "parameters"} <= set(final)
    assert 0 <= final["halves_agree"] <= 1
    assert "child_val_error" not in final  # all training images trained the child
    cell = Genotype.parse(final["cell"])
    assert final["cell"] == final["cell_paper"]
    assert (cell.cell("reduce") == HAND_MADE) == fixed
    assert Genotype.from_json((trial.artifacts / "cell.json").read_text()) == cell
    assert ("grouped_conv_3x3" in files.shown(trial.artifacts)) == fixed
    assert trial.meter.ledgers["search"].flops > 0


def test_the_release_may_train_what_the_paper_would_not(lab, stored):
    config = replace(IMAGE, derivation="release")
    *_, final = search.run(config, trial_of(lab, config, PHASES))
    assert final["cell"] == final["cell_release"]
