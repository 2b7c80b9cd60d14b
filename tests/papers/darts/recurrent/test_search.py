"""The search of recurrent cells: gradients, windows, steps, and a trial that resumes."""

from __future__ import annotations

import math
from dataclasses import replace
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


class Tied(torch.nn.Module):
    """Weights as the authors' code holds them: one tensor under two names."""

    def __init__(self, embedding: torch.Tensor, other: torch.Tensor) -> None:
        super().__init__()
        self.encoder = torch.nn.Embedding.from_pretrained(embedding.clone(), freeze=False)
        self.decoder = torch.nn.Linear(*reversed(embedding.shape), bias=False)
        self.decoder.weight = self.encoder.weight
        self.other = torch.nn.Parameter(other.clone())


def test_loading_weights_by_name_leaves_a_tied_embedding_where_it_was():
    """Why `AsReleased` does: what `named_parameters` and `load_state_dict` do together."""
    before, other = torch.ones(5, 3), torch.ones(2)
    network, copy = Tied(before, other), Tied(before, other)
    moved = {name: weight.detach() - 0.5 for name, weight in network.named_parameters()}
    assert set(moved) == {"encoder.weight", "other"}
    copy.load_state_dict(network.state_dict() | moved)
    assert torch.equal(copy.encoder.weight, before)
    assert torch.equal(copy.other, other - 0.5)


def released(left: bool, **changes: Any) -> tuple[search.LanguageSearch, Any]:
    """Return a search in float64 with its two windows; both kinds begin alike."""
    found = searching(moves_embedding=not left, reach=0.5, clip=1e9, **changes)
    return found, doubled(found)


def test_the_released_step_evaluates_where_only_the_embedding_stayed():
    found, (train, val) = released(left=True, weight_decay=0.01)
    names = [name for name, _ in found.model.named_parameters()]
    weights, step = found.optimizers.problem.weights, found.optimizers.virtual_step()
    inner = torch.autograd.grad(found.loss(train), weights)
    moved = {
        name: w if name == "embedding" else (w - step.lr * (g + 0.01 * w)).detach()
        for name, w, g in zip(names, weights, inner, strict=True)
    }
    arguments = (val.inputs, val.before, val.masks, found.relaxation.weights(search.CELL))
    logits, _ = functional_call(found.model, moved, arguments)
    loss = torch.nn.functional.cross_entropy(logits, val.targets.flatten())
    expected = torch.autograd.grad(loss, found.optimizers.problem.alphas)
    before = [w.clone() for w in weights]
    ours = found.optimizers.hypergradient(train, val)
    for one, other in zip(ours.direct, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-13)
    assert all(map(torch.equal, before, weights))  # the virtual step is undone


def test_the_embedding_left_behind_changes_the_gradient_of_alpha():
    one, windows = released(left=True)
    other, same = released(left=False)
    ours, theirs = (f.optimizers.hypergradient(*w) for f, w in ((one, windows), (other, same)))
    gap = [a - b for a, b in zip(ours.total, theirs.total, strict=True)]
    assert bilevel.norm(gap) > 0.05 * bilevel.norm(theirs.total)


def test_both_steps_agree_where_the_embedding_would_not_move():
    """It has no gradient in a training loss that does not depend on it, and no decay."""
    totals = []
    for left in (True, False):
        found, (train, val) = released(left, weight_decay=0.0)
        whole, fixed = found.optimizers.problem, found.model.embedding.detach().clone()

        def loss(window: TextWindow, found: Any = found, fixed: Any = fixed, own: Any = train):
            if window is not own:
                return found.loss(window)
            weights = found.relaxation.weights(search.CELL)
            arguments = (window.inputs, window.before, window.masks, weights)
            logits, _ = functional_call(found.model, {"embedding": fixed}, arguments)
            return torch.nn.functional.cross_entropy(logits, window.targets.flatten())

        found.optimizers.problem = replace(whole, loss=loss, twice=loss)
        totals.append(found.optimizers.hypergradient(train, val).total)
    for one, other in zip(*totals, strict=True):
        assert torch.equal(one, other)


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
