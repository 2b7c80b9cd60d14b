"""DARTS as a gradient searcher: which rows it sees, what a step costs."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
import torch

from harness.training import metrics
from harness.trial import stream
from papers.cells.rows import Rows
from papers.cells.supernet.node import Design
from papers.cells.supernet.shared import NodeSearch
from papers.darts.config import Darts
from papers.darts.method import searched

pytestmark = pytest.mark.usefixtures("prepared")
TINY = Design(channels=2, cells=3, nodes=2, dim=1, inputs=1)
FIRST = Darts(gradient="first_order")


def network(rows: Rows, config: Darts = FIRST) -> NodeSearch:
    return searched(TINY, config, rows, 8, partial(stream, 0))


@pytest.mark.parametrize("union", [False, True])
def test_union_draws_w_and_alpha_from_all_rows(few_rows, union):
    parts = network(few_rows, replace(FIRST, union=union)).streams
    sizes_of = {name: len(part.part.y) for name, part in parts.items()}
    assert sizes_of == ({"train": 100, "val": 100} if union else {"train": 60, "val": 40})
    orders = [torch.cat([next(part.order) for _ in range(3)]).tolist() for part in parts.values()]
    assert orders[0] != orders[1]  # two streams, not one


def test_orders_of_one_seed_see_the_same_data_and_move_alpha_otherwise(few_rows):
    pair = [network(few_rows, replace(FIRST, gradient=g)) for g in ("first_order", "second_order")]
    for one in pair:
        for turn in range(2):
            one.step(turn, 2)
    states = [{n: s.order.state_dict() for n, s in one.streams.items()} for one in pair]
    for name in ("train", "val"):
        one, other = (state[name] for state in states)
        assert one["position"] == other["position"] == 16
        assert torch.equal(one["generator"], other["generator"])
    assert not torch.equal(pair[0].weights[0], pair[1].weights[0])


@pytest.mark.parametrize(("gradient", "passes"), [("first_order", 2), ("second_order", 5)])
def test_a_steps_work_is_its_passes(few_rows, gradient, passes):
    one = network(few_rows, replace(FIRST, gradient=gradient))
    x = few_rows.train.x[:2]
    with torch.no_grad():
        forward = metrics.flops(lambda: one.supernet(x, *one.weights)) / 2
    assert one.flops == pytest.approx(3 * passes * forward * 8)
