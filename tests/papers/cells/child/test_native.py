"""A published cell in NASNet's own network: what it is, and how it trains."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from harness.paper import Phase, Refused
from papers.cells.child import native
from papers.cells.child.config import PIXELS
from papers.cells.child.native import NativeChild
from papers.cells.child.native_config import NATIVE, NativeChildren
from papers.cells.network.counting import multiply_adds
from papers.cells.network.nasnet import Network
from papers.cells.space.genotype import Genotype
from papers.cells.space.published import PUBLISHED
from tests.lab.testbeds import trial_of

SLIM = PUBLISHED["NASNet_A_slim"].genotype
PHASES = {"retrain": Phase("child_steps")}
TINY = NativeChildren(
    dataset=PIXELS, side=8, child_channels=4, child_layers=3, child_batch=8, child_steps=4,
    child_every=2,
)  # fmt: skip
pytestmark = pytest.mark.usefixtures("prepared")


@pytest.fixture
def made(monkeypatch):
    """The children that a run trains."""
    found: list[NativeChild] = []
    begin = NativeChild.__init__

    def noted(self, *given):
        begin(self, *given)
        found.append(self)

    monkeypatch.setattr(NativeChild, "__init__", noted)
    return found


@pytest.mark.parametrize("bottlenecks", [False, True])
def test_a_cell_is_trained_in_its_own_network_and_tested_once(bottlenecks, lab, made):
    trial = trial_of(lab, TINY, PHASES)
    *told, final = native.run(SLIM, "a cell", TINY, bottlenecks, trial)
    assert Genotype.parse(final["cell"]) == SLIM
    assert final["test_error"] == told[-1]["child_test_error"]
    assert "child_test_error" not in told[0]
    network = made[0].training.network
    assert isinstance(network, Network)
    assert network.layout.bottlenecks is bottlenecks
    assert network.layout.cells == 3
    assert final["dataset"] == PIXELS


def test_paths_are_dropped_more_often_as_it_goes(lab, made):
    config = replace(TINY, child_batch=48, child_steps=6)  # epochs of two steps
    list(native.run(SLIM, "a cell", config, False, trial_of(lab, config, PHASES)))
    (child,) = made
    assert child.training.network.stream is not None
    rates = [child.training.schedule.drop_path(turn) for turn in range(6)]
    assert rates == sorted(rates)
    assert rates[0] == 0 < child.training.network.drop_path == rates[-1] < config.child_drop_path


def test_a_seed_decides_the_training(lab):
    found = [
        list(native.run(SLIM, "a cell", TINY, False, trial_of(lab, TINY, PHASES, seed)))
        for seed in (0, 0, 1)
    ]
    assert found[0] == found[1]
    assert found[0] != found[2]


def test_an_update_costs_three_forward_passes_of_a_batch(lab, made):
    config = replace(TINY, child_auxiliary=0.0)
    list(native.run(SLIM, "a cell", config, False, trial_of(lab, config, PHASES)))
    (child,) = made
    network, x = child.training.network.eval(), torch.zeros(1, 3, 8, 8)
    macs = multiply_adds(network, lambda: network(x))
    assert child.flops == pytest.approx(3 * 2 * macs * config.child_batch)


def test_the_second_classifier_is_not_counted_and_may_be_left_out(lab, made):
    without = replace(TINY, child_auxiliary=0.0)
    for config in (TINY, without):
        list(native.run(SLIM, "a cell", config, False, trial_of(lab, config, PHASES)))
    one, other = made
    assert one.training.network.auxiliary is not None
    assert other.training.network.auxiliary is None
    assert one.parameters == other.parameters


def test_the_recipe_is_the_authors():
    config = NativeChildren()
    assert config.child_steps == 600 * 1563 == NATIVE.steps()
    recipe = config.recipe
    assert (recipe.lr, recipe.weight_decay, recipe.batch) == (0.025, 5e-4, 32)
    assert (recipe.channels, recipe.layers) == (32, 18)
    assert (recipe.auxiliary, recipe.drop_path) == (0.4, 0.4)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"child_channels": 7}, "child_channels=7: must be even; the nearest is 8"),
        ({"child_layers": 2}, "child_layers=2: must be at least 3"),
        ({"child_lr": 0.0}, "child_lr=0.0: must lie between 1e-06 and 10"),
        ({"child_decay": -1.0}, "child_decay=-1.0: must lie between 0 and"),
    ],
)
def test_what_no_network_or_training_has_is_refused(changed, said):
    with pytest.raises(Refused, match=said):
        NativeChildren(**changed)
