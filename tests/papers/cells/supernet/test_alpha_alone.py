"""Passes that want alpha's gradients alone end at the same bits as passes that compute all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest
import torch

from papers.cells.network.fast import depthwise
from papers.cells.speed.search_step import FAST, LOOP, SearchStep, node_step
from papers.cells.supernet import bilevel
from papers.cells.supernet.bilevel import first_order, frozen, gradients
from papers.cells.supernet.method import Method
from papers.cells.supernet.node import Design
from papers.darts.config import Darts
from papers.darts.method import method as darts
from papers.gdas.config import Gdas
from papers.gdas.method import method as gdas
from papers.gdas.sampler import Sampler
from tests.lab.bilevel import number, search

pytestmark = pytest.mark.usefixtures("prepared")
STEPS = 3
SIGNALS = Design(channels=2, cells=3, nodes=2, dim=1, inputs=1), 4, (20,)
LONG = Design(channels=2, cells=3, nodes=2, dim=1, inputs=1), 2, (80,)  # as images without width
IMAGES = Design(channels=2, cells=3, nodes=2), 4, (8, 8)


def sampled() -> Method:
    config = Gdas()
    return gdas(config, Sampler(config, 0))


METHODS = {
    "first order": lambda: darts(Darts(gradient="first_order")),
    "second order": lambda: darts(Darts(gradient="second_order")),
    "samples": sampled,
}


@contextmanager
def computed(weights: bilevel.Tensors) -> Iterator[None]:
    """Freeze nothing: all gradients are computed, as they were."""
    with nullcontext():
        yield


def steps(make: SearchStep, count: int) -> list[torch.Tensor]:
    for _ in range(count):
        make()
    problem, own = make.optimizers.problem, make.optimizers
    momenta = [state["momentum_buffer"] for state in own.weights.state.values()]
    return [*problem.alphas, *problem.weights, *(m for m in momenta if m is not None)]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("sized", "form"),
    [(SIGNALS, LOOP), (SIGNALS, FAST), (LONG, FAST), (IMAGES, FAST)],
    ids=["loop", "signals", "long", "images"],
)
def test_alphas_weights_and_momenta_are_the_same_to_the_bit(sized, form, method, monkeypatch):
    begun = node_step(*sized, METHODS[method](), form)
    start = [alpha.detach().clone() for alpha in begun.optimizers.problem.alphas]
    found = steps(begun, STEPS)
    assert not any(map(torch.equal, found, start))
    monkeypatch.setattr(bilevel, "frozen", computed)
    others = steps(node_step(*sized, METHODS[method](), form), STEPS)
    assert len(found) == len(others)
    assert all(map(torch.equal, found, others))


def test_kernels_that_nobody_asks_for_have_no_gradient(monkeypatch):
    asked: list[int] = []
    real = depthwise.Window.weight_gradient

    def counted(self, *given):
        asked.append(1)
        return real(self, *given)

    monkeypatch.setattr(depthwise.Window, "weight_gradient", counted)
    step = node_step(*IMAGES, METHODS["first order"](), FAST)
    step.optimizers.update_alpha(*step.batches)
    alone = len(asked)
    asked.clear()
    step.optimizers.update(step.batches[0])
    assert 0 < alone < len(asked)


def test_weights_are_free_again_afterwards_and_after_an_error():
    problem, _, val = search()
    first_order(problem, val)
    assert all(w.requires_grad for w in problem.weights)
    free, constant = number(1.0), torch.ones(1)
    with pytest.raises(RuntimeError), frozen((free, constant)):
        assert not free.requires_grad
        raise RuntimeError
    assert (free.requires_grad, constant.requires_grad) == (True, False)


def test_the_gradient_is_the_one_of_a_loss_that_trains_both():
    problem, _, val = search()
    alone = first_order(problem, val).total
    both = gradients(problem.loss(val), (*problem.alphas, *problem.weights))
    for one, other in zip(alone, both[: len(alone)], strict=True):
        assert torch.equal(one, other)


def test_a_loss_without_alpha_has_a_gradient_of_zero():
    w, alpha = number(1.0), number(2.0)
    problem = bilevel.Problem((w,), (alpha,), lambda batch: w.sum(), lambda batch: w.sum())
    (found,) = first_order(problem, None).total
    assert torch.equal(found, torch.zeros_like(alpha))
