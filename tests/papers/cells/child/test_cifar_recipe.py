"""The recipes of CIFAR-10: the papers' defaults, digests, and what is refused."""

import math
from dataclasses import replace

import pytest

from harness.paper import Refused
from harness.training import device
from papers.cells.child import cifar
from papers.cells.child.cifar_recipe import DARTS, GDAS, PRECISIONS, RECIPES, CifarRecipe
from papers.cells.network.darts import Layout
from papers.cells.space.published import PUBLISHED

V2 = PUBLISHED["DARTS_V2"].genotype


def test_the_defaults_are_the_papers():
    assert (DARTS.channels, DARTS.layers, DARTS.epochs, DARTS.batch) == (36, 20, 600, 96)
    assert DARTS.steps() == 600 * 521  # the last batch of an epoch has 80 images
    assert DARTS.steps("val") == 600 * 469  # of 45,000
    assert cifar.layout(V2, DARTS) == Layout(V2, auxiliary=True)
    assert {"darts": CifarRecipe(), "gdas": GDAS} == RECIPES
    assert (GDAS.nesterov, GDAS.weight_decay, GDAS.epochs - GDAS.warm_up) == (True, 5e-4, 295)


def test_the_digest_covers_what_changes_a_result():
    assert DARTS.digest == replace(DARTS, every=3).digest
    others = [replace(DARTS, dataset="cifar10_subset"), replace(DARTS, drop_path=0.3), GDAS]
    assert len({DARTS.digest, *(recipe.digest for recipe in others)}) == 4


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"layers": 2}, "layers=2: must be at least 3"),
        ({"drop_path": 1.0}, "drop_path=1.0: must lie between 0 and 0.99"),
        ({"warm_up": 600}, "warm_up=600: must lie between 0 and 599"),
        ({"lr": math.nan}, "lr=nan: must lie"),
        ({"dataset": "cifar11"}, "unknown data set of a CIFAR recipe 'cifar11'; did you mean"),
        ({"annealed": "turn"}, "unknown way to anneal 'turn'"),
        ({"precision": "fp16"}, "unknown precision 'fp16'"),
        ({"nesterov": True, "momentum": 0.0}, "needs a momentum above 0"),
    ],
)
def test_what_cannot_be_is_refused(wrong, message):
    with pytest.raises(Refused, match=message):
        CifarRecipe(**wrong)


def test_precisions_are_the_harnesss():
    assert PRECISIONS == device.PRECISIONS
