"""Weights and multiply-adds of published cells' networks, from shapes alone."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch

from harness.paper import Refused
from harness.training import metrics
from papers.cells.network import darts, nasnet
from papers.cells.network.counting import multiply_adds
from papers.cells.network.sizes import in_darts, in_nasnet, row
from papers.cells.network.sizes_config import DartsSizes, even
from papers.cells.space.published import PUBLISHED

CELL = PUBLISHED["AmoebaNet_A_darts"].genotype


def test_counts_are_those_of_networks_that_exist():
    layout = nasnet.Layout(CELL, 4, 3)
    network = nasnet.Network(layout).eval()
    x = torch.zeros(1, 3, 16, 16)
    assert in_nasnet(layout, 16) == {
        "parameters": metrics.parameters(network),
        "multiply_adds": multiply_adds(network, lambda: network(x)),
    }
    own = darts.Network(darts.Layout(CELL, 4, 3)).eval()
    assert in_darts(CELL, 4, 3)["parameters"] == metrics.parameters(own)


def test_more_pixels_cost_more_and_weigh_the_same():
    small, large = (in_nasnet(nasnet.Layout(CELL, 4, 3), side) for side in (16, 32))
    assert small["parameters"] == large["parameters"]
    assert 3.9 < large["multiply_adds"] / small["multiply_adds"] < 4.1


def test_imagenet_has_another_stem_and_a_thousand_classes():
    cifar, imagenet = in_darts(CELL, 8, 8), in_darts(CELL, 8, 8, "imagenet")
    assert imagenet["parameters"] > cifar["parameters"] + 900 * 8


def test_a_row_names_network_and_count():
    assert row({"a": {"parameters": 1}, "b": {"parameters": 2, "multiply_adds": 3}}) == {
        "a_parameters": 1,
        "b_parameters": 2,
        "b_multiply_adds": 3,
    }


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"few": 15}, "few=15: must be even; the nearest is 16"),
        ({"wide": 1}, "wide=1: must lie between 2 and 1024"),
        ({"shallow": 2}, "shallow=2: must lie between 3 and 100"),
        ({"deep": 101}, "deep=101: must lie between 3 and 100"),
    ],
)
def test_sizes_that_no_network_has_are_refused(changed, said):
    with pytest.raises(Refused, match=said):
        DartsSizes(**changed)


def test_any_field_may_be_asked_to_be_even():
    @dataclass(frozen=True)
    class Own:
        width: int = 7

    with pytest.raises(Refused, match="width=7: must be even; the nearest is 8"):
        even(Own(), "width")
    even(Own(8), "width")
