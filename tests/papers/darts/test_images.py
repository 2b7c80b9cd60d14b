"""The cell space on images: half of the training images are alpha's."""

from __future__ import annotations

import pytest

from papers.cells.child import testbed
from papers.darts.images import search, study
from papers.darts.images.config import ImageSearch
from tests.lab.testbeds import trial_of

pytestmark = pytest.mark.usefixtures("prepared")
IMAGE = ImageSearch(
    gradient="first_order", dataset="cifar10_subset", side=8, channels=4, cells=3, batch=4,
    steps=2, eval_every=2, child_channels=4, child_layers=3, child_batch=24, child_steps=2,
    child_every=2, child_cutout=2,
)  # fmt: skip


def test_alpha_sees_the_half_that_the_config_says(stored):
    rows = testbed.of(IMAGE, "cpu").rows
    assert (len(rows.train.y), len(rows.val.y)) == (32, 32)
    assert (rows.dim, rows.inputs) == (2, 3)


@pytest.mark.slow
def test_a_search_on_images_ends_with_a_trained_cell(lab, stored):
    *_, final = search.run(IMAGE, trial_of(lab, IMAGE, study.EXPERIMENTS[0].phases))
    assert {"val_error", "discrete_error", "test_error", "parameters"} <= set(final)
    assert "child_val_error" not in final  # all training images trained the child
