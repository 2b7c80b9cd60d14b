"""NASNet-A by its authors' protocol: the recipe, and a training from start to end."""

from __future__ import annotations

import pytest

from harness.paper import Refused
from papers.cells.draw import files
from papers.cells.space.genotype import Genotype
from papers.nasnet.images import published, study
from papers.nasnet.images.config import NativePublished
from tests.lab.testbeds import trial_of

pytestmark = pytest.mark.usefixtures("prepared")
TINY = {
    "dataset": "cifar10_subset", "side": 8, "child_channels": 4, "child_layers": 3,
    "child_batch": 24, "child_steps": 4, "child_every": 2,
}  # fmt: skip


def test_the_recipe_is_the_authors():
    config = NativePublished()
    recipe = config.recipe
    assert (recipe.lr, recipe.weight_decay, recipe.batch) == (0.025, 5e-4, 32)
    assert config.child_layers == 18
    assert config.child_steps == 600 * 1563
    assert (config.child_drop_path, config.child_channels) == (0.4, 32)


@pytest.mark.slow
def test_the_cell_is_trained_and_tested_once(lab, stored):
    config = NativePublished(**TINY)
    trial = trial_of(lab, config, study.EXPERIMENTS[0].phases)
    *told, final = published.run(config, trial)
    assert Genotype.parse(final["cell"]) == published.CELL
    assert 0 <= final["test_error"] <= 1
    assert told
    assert "NASNet-A" in files.shown(trial.artifacts)
    assert trial.meter.ledgers["retrain"].flops > 0


def test_claims_wait_for_the_images():
    assert all(claim.blocked and claim.budgets == ("paper",) for claim in study.CLAIMS)
    assert all(e.skipped == ("smoke", "nightly") for e in study.EXPERIMENTS)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"child_channels": 35}, "child_channels=35: must be even; the nearest is 36"),
        ({"child_lr": 0.0}, "child_lr=0.0: must lie between"),
        ({"child_decay": -1.0}, "child_decay=-1.0: must lie between"),
        ({"child_steps": 0}, "child_steps=0: must be at least 1"),
    ],
)
def test_what_cannot_be_trained_is_refused(changed, said):
    with pytest.raises(Refused, match=said):
        NativePublished(**changed)
