"""AmoebaNet's published cells: the sizes of the paper, and what the code for TPUs says of them."""

from __future__ import annotations

import pytest

from harness.paper import Refused
from papers.amoebanet.published import sizes, study
from papers.amoebanet.published.cells import CELLS, LISTED
from papers.amoebanet.published.config import Sizes
from papers.cells.space.node import AMOEBA
from tests.lab.testbeds import trial_of

# operations and states as in the code for TPUs, where state 0 is the newer input
CODED = {
    "B": (
        "1x1 max3 none sep3 1x1 sep3 1x1 none avg3 1x1", (1, 1, 1, 0, 1, 0, 2, 2, 1, 5),
        (0, 1, 1, 0, 0, 1, 0),
        "max2 max3 none 3x3 sep5 max3 none sep3 avg3 1x1", (0, 0, 2, 1, 2, 2, 3, 1, 4, 3),
        (1, 1, 1, 1, 1, 0, 0),
    ),
    "C": (
        "avg3 sep3 none sep3 avg3 sep3 none sep3 avg3 sep3", (0, 0, 0, 0, 2, 1, 0, 1, 3, 0),
        (1, 0, 0, 1, 0, 0, 0),
        "max3 max3 sep7 sep3 sep7 max3 sep5 sep5 max3 sep3", (0, 0, 2, 0, 0, 1, 4, 4, 1, 1),
        (0, 1, 0, 0, 0, 0, 0),
    ),
    "D": (
        "1x1 max3 none 1x7 1x1 1x7 max3 none avg3 1x1", (1, 1, 1, 0, 0, 0, 2, 2, 1, 5),
        (0, 1, 1, 0, 0, 1, 0),
        "max2 max3 none 3x3 1x7 max3 none max2 avg3 1x1", (0, 0, 2, 1, 2, 2, 3, 1, 2, 3),
        (1, 1, 1, 1, 0, 0, 0),
    ),
}  # fmt: skip
NAMES = {
    "1x1": "conv_1x1", "3x3": "conv_3x3", "1x7": "conv_7x1_1x7", "none": "skip_connect",
    "max2": "max_pool_2x2", "max3": "max_pool_3x3", "avg3": "avg_pool_3x3",
    "sep3": "sep_conv_3x3", "sep5": "dil_sep_conv_5x5", "sep7": "sep_conv_7x7",
}  # fmt: skip


@pytest.mark.parametrize("name", CODED)
def test_cells_are_those_of_the_code_with_the_inputs_exchanged(name):
    own = (1, 0, 2, 3, 4, 5, 6)
    for kind, (ops, states, used) in zip(
        ("normal", "reduce"), (CODED[name][:3], CODED[name][3:]), strict=True
    ):
        names = [NAMES[op] for op in ops.split()]
        if name == "C":
            names = [n.replace("dil_sep_conv", "sep_conv") for n in names]
        cell = CELLS[name].cell(kind)
        assert list(cell.pairs) == [(n, own[j]) for n, j in zip(names, states, strict=True)]
        assert set(cell.concat) == {own[j] for j, taken in enumerate(used) if not taken}


def test_the_listing_of_cell_a_is_another_cell_in_the_papers_space():
    assert AMOEBA.check(LISTED) == LISTED
    assert LISTED.canonical != CELLS["A"].canonical
    assert CELLS["A"].normal_concat == (0, 3, 4, 6)


@pytest.mark.slow
def test_networks_have_the_published_sizes(lab):
    (row,) = sizes.run(Sizes(), trial_of(lab, Sizes(), {}))
    claimed = {claim.check.metric: claim.check.value for claim in study.CLAIMS}
    assert claimed.items() <= row.items()
    printed = {
        "a_tpu_32": 2.6,
        "a_tpu_36": 3.2,
        "b_tpu_36": 2.8,
        "b_tpu_80": 13.7,
        "b_tpu_128": 34.9,
    }
    for name, millions in printed.items():
        assert round(row[f"{name}_parameters"] / 1e6, 1) == millions
    assert round(row["a_tpu_imagenet_multiply_adds"] / 1e9) == 104


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"channels": 35}, "channels=35: must be even; the nearest is 36"),
        ({"layers": 2}, "layers=2: must lie between 3"),
        ({"cells": 2}, "cells=2: must lie between 3"),
        ({"own": (33,)}, "own=33: must be even numbers from 4"),
        ({"imagenet": 190}, "imagenet=190: must be a multiple of 8.*the nearest is 192"),
        ({"side": 8}, "side=8: must lie between 32"),
    ],
)
def test_sizes_that_no_network_has_are_refused(changed, said):
    with pytest.raises(Refused, match=said):
        Sizes(**changed)
