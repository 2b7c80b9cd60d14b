"""The forms that `bench` races end at the same numbers; nothing is timed here."""

from __future__ import annotations

import pytest
import torch

from harness.paper import Refused
from papers.cells.space.edge import T0
from papers.cells.speed.search_step import (
    FAST,
    FORMS,
    agree,
    edge_step,
    forms,
    node_step,
    whole_flops,
)
from papers.cells.supernet.node import Design
from papers.gdas.signals.bench import first_order, sampled

pytestmark = pytest.mark.usefixtures("prepared")
TINY = Design(channels=2, cells=3, nodes=2, dim=1, inputs=1)
FLAT = Design(channels=2, cells=3, nodes=2)


@pytest.mark.parametrize("method", [sampled, first_order])
def test_both_forms_take_the_same_step(method):
    for make in (
        lambda form: node_step(TINY, 4, (20,), method(), form, torch.float64),
        lambda form: edge_step(T0, 8, method(), form, torch.float64),
    ):
        agree([make(form) for form in forms(1)])


@pytest.mark.parametrize("method", [sampled, first_order])
def test_on_images_the_loop_in_channels_last_takes_it_too(method):
    steps = [node_step(FLAT, 4, (8, 8), method(), form, torch.float64) for form in FORMS]
    agree(steps)
    own = [step.batches[0][0].is_contiguous(memory_format=torch.channels_last) for step in steps]
    assert own == [False, True, True]
    kernels = [
        [w.is_contiguous() for w in step.optimizers.problem.weights if w.dim() == 4]
        for step in steps
    ]
    assert [all(each) for each in kernels] == [True, False, True]


def test_there_is_no_channels_last_of_signals():
    with pytest.raises(Refused, match="form"):
        node_step(TINY, 4, (20,), first_order(), "channels_last")


def test_forms_that_differ_are_told():
    steps = [
        node_step(TINY, 4, (20,), one(), FAST, torch.float64) for one in (sampled, first_order)
    ]
    with pytest.raises(AssertionError):
        agree(steps)


def test_work_grows_with_passes_and_rows():
    once = whole_flops(TINY, 4, (20,), 1)
    assert whole_flops(TINY, 8, (20,), 5) == pytest.approx(10 * once)
