"""The search of recurrent cells: gradients, windows, steps, and a trial that resumes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.func import functional_call

from harness.budget import Limit
from harness.meter import Meter
from harness.training import metrics
from papers.darts import bilevel
from papers.darts.recurrent import search, study
from papers.text import draw
from papers.text.cell import CellMasks
from papers.text.windows import Masks, TextWindow
from tests.lab.recurrent import corpus, ran, small


class Seeds:
    """A trial as far as a search needs it."""

    device = "cpu"
    meter = Meter({"search": (10, 1)}, Limit())

    @staticmethod
    def stream(*names: str | int) -> int:
        return sum(map(ord, "/".join(map(str, names))))


def searching(gradient: str = "second_order", **changes: Any) -> search.LanguageSearch:
    config = small(study.SECOND, gradient=gradient, search_batch=4, **changes)
    return search.LanguageSearch(config, corpus(), Seeds())  # type: ignore[arg-type]


def doubled(found: search.LanguageSearch) -> tuple[TextWindow, TextWindow]:
    """Turn a search into one in float64; return a training window and one for alpha."""
    found.model.double()
    found.relaxation.double()
    windows = []
    for read in (found.train, found.alpha):
        read.hidden = read.hidden.double()
        windows.append(read.next())
    for window in windows:
        masks = window.masks
        cell = CellMasks(masks.cell.x.double(), masks.cell.hidden.double())
        parts = [m.double() for m in (masks.word, masks.embedding, masks.output)]
        window.masks = Masks(parts[0], parts[1], cell, parts[2])
    return windows[0], windows[1]


def test_the_exact_gradient_is_that_of_the_unrolled_step():
    found = searching("second_order_exact", clip=1e9, weight_decay=0.01, reach=0.5)
    train, val = doubled(found)
    step = found.optimizers.virtual_step()
    ours = found.optimizers.hypergradient(train, val)
    names = [name for name, _ in found.model.named_parameters()]
    own = found.optimizers.problem.weights
    inner = torch.autograd.grad(found.loss(train), own, create_graph=True)
    moved = [w - step.lr * (g + 0.01 * w) for w, g in zip(own, inner, strict=True)]
    weights, masks = found.relaxation.weights(search.CELL), val.masks
    arguments = (val.inputs, val.before, masks, weights)
    logits, _ = functional_call(found.model, dict(zip(names, moved, strict=True)), arguments)
    loss = torch.nn.functional.cross_entropy(logits, val.targets.flatten())
    expected = torch.autograd.grad(loss, found.optimizers.problem.alphas)
    for one, other in zip(ours.total, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-12)
    assert bilevel.norm(ours.implicit) > 1e-3 * bilevel.norm(ours.direct)


def test_the_finite_difference_sees_one_set_of_masks():
    """With masks of their own the two sides would differ by far more than the product."""
    found = searching(clip=1e9, reach=0.5, radius=1e-4)
    train, val = doubled(found)
    near = found.optimizers.hypergradient(train, val)
    exact = bilevel.second_order(
        found.optimizers.problem,
        (train, val),
        found.optimizers.virtual_step(),
        bilevel.exact_product,
    )
    difference = [a - b for a, b in zip(near.implicit, exact.implicit, strict=True)]
    assert bilevel.norm(difference) < 0.02 * bilevel.norm(exact.implicit)


def test_the_virtual_step_is_clipped_without_momentum_at_the_windows_rate():
    found = searching()
    found.update(0)
    step = found.optimizers.virtual_step()
    assert step.clip == found.config.clip == 0.25
    assert step.momentum == 0
    assert step.weight_decay == found.config.weight_decay
    assert step.lr == 20.0  # a whole window
    assert all(buffer is None for buffer in step.buffers)


def test_a_step_moves_both_and_carries_both_states():
    found = searching("first_order")
    weights = [w.clone() for w in found.model.parameters()]
    alpha = found.relaxation.alphas[search.CELL].clone()
    found.update(0)
    assert not torch.equal(alpha, found.relaxation.alphas[search.CELL])
    moved = [a - b for a, b in zip(weights, found.model.parameters(), strict=True)]
    assert all(part.any() for part in moved)
    size = float(bilevel.norm([m.detach() for m in moved]))
    assert size <= 20 * 0.25 * 1.001  # the rate times the clipped gradient; decay is tiny
    for read in (found.train, found.alpha):
        assert read.hidden.any()
        assert not read.hidden.requires_grad
    assert found.train.reading.beta > 0
    assert found.alpha.reading.beta == 0


def test_first_and_second_order_read_the_same_windows():
    one, other = searching("first_order"), searching("second_order")
    for found in (one, other):
        for turn in range(3):
            found.update(turn)
    assert torch.equal(one.train.drawn.get_state(), other.train.drawn.get_state())
    assert torch.equal(one.alpha.drawn.get_state(), other.alpha.drawn.get_state())
    assert one.train.position == other.train.position


def test_half_windows_take_half_steps():
    found = searching("first_order", short=1.0, search_bptt=6)
    found.update(0)
    assert found.optimizers.virtual_step().lr == pytest.approx(10.0)


@pytest.mark.parametrize(("gradient", "low"), [("first_order", 0.75), ("second_order", 0.75)])
def test_flops_are_those_that_torch_counts(gradient: str, low: float):
    """Passes that lead to alpha alone need no products for the weights: counted, they are less."""
    found = searching(gradient, search_bptt=8)
    assert low < metrics.flops(lambda: found.update(0)) / found.flops() < 1


def test_a_resumed_trial_ends_with_the_same_rows(tmp_path: Path):
    whole = ran(study.SECOND, search.run, tmp_path / "whole")
    for stop in (4, 7):
        folder = tmp_path / str(stop)
        ran(study.SECOND, search.run, folder, stop)
        assert ran(study.SECOND, search.run, folder) == whole
    last = whole[-1]
    assert last["corpus"] == "grammar"
    assert last["test_perplexity"] == pytest.approx(math.exp(last["test_loss"]))
    assert draw.shown(tmp_path / "whole" / "artifacts").startswith(last["cell"])
