"""The forms that `bench` races end at the same numbers; nothing is timed here."""

from __future__ import annotations

import pytest
import torch

from papers.cells.space.edge import T0
from papers.cells.speed.search_step import agree, edge_step, node_step, whole_flops
from papers.cells.supernet.node import Design
from papers.gdas.signals.bench import first_order, sampled

pytestmark = pytest.mark.usefixtures("prepared")
TINY = Design(channels=2, cells=3, nodes=2, dim=1, inputs=1)


@pytest.mark.parametrize("method", [sampled, first_order])
def test_both_forms_take_the_same_step(method):
    for make in (
        lambda fast: node_step(TINY, 4, (20,), method(), fast, torch.float64),
        lambda fast: edge_step(T0, 8, method(), fast, torch.float64),
    ):
        agree([make(fast) for fast in (False, True)])


def test_forms_that_differ_are_told():
    steps = [
        node_step(TINY, 4, (20,), one(), True, torch.float64) for one in (sampled, first_order)
    ]
    with pytest.raises(AssertionError):
        agree(steps)


def test_work_grows_with_passes_and_rows():
    once = whole_flops(TINY, 4, (20,), 1)
    assert whole_flops(TINY, 8, (20,), 5) == pytest.approx(10 * once)
