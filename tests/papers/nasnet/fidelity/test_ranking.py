"""The same cells in three networks: which cells, what is said of them, and what it takes."""

from __future__ import annotations

import pytest
from torch.utils.flop_counter import FlopCounterMode

from harness.paper import Refused
from papers.cells.child.mnist1d import RECIPE
from papers.cells.network import light
from papers.cells.space.edge import T1
from papers.nasnet.fidelity import ranking
from papers.nasnet.fidelity.bench import agree
from papers.nasnet.fidelity.config import SIZES, Fidelity
from papers.nasnet.fidelity.network import build
from papers.nasnet.fidelity.study import EXPERIMENTS
from tests.lab.testbeds import trial_of

SMALL = Fidelity(space="T1", cells=3, channels=(2, 4, 4), repeats=(1, 1, 2), steps=6)
PHASES = EXPERIMENTS[0].phases


def test_cells_have_equally_many_weights_and_a_seed_is_a_set():
    config = Fidelity(space="T1", cells=20)
    cells = ranking.drawn(T1, config, 4)
    assert cells == ranking.drawn(T1, config, 4) != ranking.drawn(T1, config, 5)
    assert {T1.names(cell).count("c5") for cell in cells} == {2}
    assert len({light.parameters(T1, cell) for cell in cells}) == 1
    assert all("none" not in T1.names(cell) for cell in cells)


def test_a_row_stands_for_a_cell_in_all_sizes(lab):
    trial = trial_of(lab, SMALL, PHASES)
    rows = list(ranking.run(SMALL, trial))
    assert [row["member"] for row in rows] == [0, 1, 2]
    for row in rows:
        assert {*SIZES, "middle_third", "large_test", "true", "cell"} <= set(row)
        assert 0 <= row["large_test"] <= 1
    cells = ranking.drawn(T1, SMALL, trial.stream("cells"))
    assert [row["cell"] for row in rows] == [T1.text(cell) for cell in cells]
    work = [sum(ranking.flops(T1, cell, n, SMALL) for cell in cells) for n in range(len(SIZES))]
    assert trial.meter.spent("flops") == pytest.approx(sum(work))
    assert work == sorted(work)


@pytest.mark.parametrize("size", range(3))
def test_multiply_adds_are_those_of_the_network(size):
    config = Fidelity(space="T1")
    cell = ranking.drawn(T1, config, 0)[0]
    network = build(T1, cell, 0, config.channels[size], config.repeats[size])
    import torch

    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(1, light.POSITIONS))
    rows = config.steps * RECIPE.batch
    assert ranking.flops(T1, cell, size, config) == 3 * counter.get_total_flops() * rows


@pytest.mark.usefixtures("prepared")
@pytest.mark.parametrize("size", range(3))
def test_what_bench_races_takes_the_same_steps(size):
    agree(size)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"space": "T9"}, "unknown space 'T9'"),
        ({"cells": 1}, "cells=1: must lie between 2 and 100"),
        ({"steps": 2}, "steps=2: must lie between 3"),
        ({"convolutions": 0}, "convolutions=0: must lie between 1"),
        ({"repeats": (1, 1)}, "repeats=1,1: must be three numbers from 1 to 64"),
        ({"repeats": (0, 1, 2)}, "repeats=0,1,2: must be three numbers from 1"),
        ({"channels": (1, 4, 8)}, "channels=1,4,8: must be three numbers from 2"),
        ({"channels": (4, 8, 128)}, "channels=4,8,128: must be three numbers from 2 to 64"),
    ],
)
def test_layers_widths_and_repeats_that_no_network_has_are_refused(changed, said):
    with pytest.raises(Refused, match=said):
        Fidelity(**changed)
