"""Random cells of a published one's cost: prices add up, and the nearest is trained."""

from __future__ import annotations

from random import Random

import pytest

from papers.cells.child.config import SignalChildren
from papers.cells.space.genotype import Genotype
from papers.cells.space.node import DARTS
from papers.cells.space.published import PUBLISHED
from papers.gdas.published import same_cost, study
from papers.gdas.published.config import SameCost
from papers.gdas.published.same_cost import Prices
from tests.lab.testbeds import trial_of

pytestmark = [pytest.mark.usefixtures("prepared"), pytest.mark.slow]
V1 = PUBLISHED["GDAS_V1"].genotype


def test_prices_of_pairs_add_up_to_what_is_counted_on_a_network():
    prices, stream = Prices(SignalChildren(child_channels=4, child_layers=5)), Random(0)
    for cell in (V1, *(DARTS.random(stream) for _ in range(5))):
        assert prices.of(cell) == prices.counted(cell)


def test_a_random_cell_of_nearly_the_same_cost_is_trained(lab, few):
    config = SameCost(
        child_layers=8, child_channels=2, child_batch=20, child_steps=3, child_every=3,
        candidates=300,
    )  # fmt: skip
    phases = study.EXPERIMENTS[1].phases
    prices, finals = Prices(config), []
    for seed in (0, 1):
        *_, final = same_cost.run(config, trial_of(lab, config, phases, seed))
        finals.append(final)
        cell = Genotype.parse(final["cell"])
        assert DARTS.check(cell) == cell
        share = prices.of(cell) / prices.of(V1)
        assert final["cost_share"] == share == pytest.approx(1, abs=0.02)
        assert 0 <= final["test_error"] <= 1
    assert finals[0]["cell"] != finals[1]["cell"]
