"""The forms that `bench` races give the same numbers; nothing is timed here."""

from __future__ import annotations

import pytest
import torch

from papers.cells.searcher.controller import EdgeController
from papers.cells.space.edge import T0, T1
from papers.enas.draws import drawing
from papers.enas.league import bench
from papers.enas.signals import bench as micro

pytestmark = pytest.mark.usefixtures("prepared")


def test_a_path_equals_all_operations_of_which_one_is_selected():
    bench.steps(T0).agree()
    micro.steps("small", micro.SIGNALS, 2, (40,), "every").agree()


def test_on_images_all_operations_in_channels_last_are_a_rival():
    small = micro.Design(channels=2, cells=3)
    pair = micro.steps("small", small, 2, (8, 8), "every")
    pair.agree()
    assert pair.rival is not None
    assert micro.steps("small", micro.SIGNALS, 2, (40,), "first").rival is None


def test_what_is_not_selected_has_a_gradient_of_zero_or_none():
    """So that decay and momentum go on there in the release, and not here."""
    every, path = (bench.Steps(T1, every) for every in (True, False))
    nets = [each.weights.supernet.double() for each in (every, path)]
    x, code = every.weights.batches.part.x.T[:8].double(), path.paths[0]
    for net in nets:
        net(x, code).square().sum().backward()
    gradients = zip(*([w.grad for w in net.parameters()] for net in nets), strict=True)
    computed = 0
    for mine, theirs in gradients:
        if theirs is None:
            assert mine is None or not mine.any()
            computed += mine is not None
        else:
            torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-9)
    assert computed


def test_a_selection_that_takes_another_operation_is_told(monkeypatch):
    monkeypatch.setattr(torch, "stack", lambda values: values[::-1])
    with pytest.raises((AssertionError, IndexError, TypeError)):
        bench.steps(T0).agree()


def test_cells_drawn_at_once_are_as_likely_as_one_after_another():
    drawing("cells", lambda: EdgeController(T1)).agree()
