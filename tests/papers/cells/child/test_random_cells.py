"""Random search on node cells: every cell trained, or the best one in full."""

from __future__ import annotations

import pytest

from harness.paper import Phase
from papers.cells.child import random_cells
from papers.cells.child.config import ImageRandom, SignalRandom
from tests.lab.testbeds import trial_of

pytestmark = [pytest.mark.usefixtures("prepared"), pytest.mark.slow]


def test_random_search_takes_the_best_by_validation_and_knows_the_mean(lab, few):
    config = SignalRandom(
        drawn=(0, 1, 2), child_channels=2, child_batch=20, child_steps=6, child_every=6
    )
    trial = trial_of(lab, config, {"train": Phase("child_steps", each="drawn")})
    *cells, final = random_cells.run(config, trial)
    assert [row["at"] for row in cells] == [0, 1, 2]
    best = min(cells, key=lambda row: row["child_val_error"])
    assert final["best"] == best["at"]
    assert final["test_error"] == best["child_test_error"]
    mean = sum(row["child_test_error"] for row in cells) / 3
    assert final["mean_error"] == pytest.approx(mean)
    drawn = random_cells.draw(3, trial)
    assert len({cell.text for cell in drawn}) == 3
    assert final["cell"] == drawn[final["best"]].text


def test_random_search_on_images_trains_the_chosen_cell_in_full(lab, stored):
    config = ImageRandom(
        dataset="cifar10_subset", side=8, drawn=(0, 1), selection_steps=2, child_channels=4,
        child_layers=3, child_batch=24, child_steps=2, child_every=1, child_cutout=2,
    )  # fmt: skip
    phases = {
        "select": Phase("selection_steps", each="drawn"), "retrain": Phase("child_steps"),
    }  # fmt: skip
    *told, final = random_cells.select(config, trial_of(lab, config, phases))
    chosen = [row for row in told if "at" in row]
    assert len(chosen) == 2
    assert all("child_test_error" not in row for row in chosen)
    assert final["test_error"] == told[-1]["child_test_error"]
    assert final["best_val_error"] == min(row["child_val_error"] for row in chosen)
