"""The learning-rate range test: where it stops, what it suggests, and what it leaves alone."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from torch import Tensor, nn

from harness.training import lr_range, optim


def bowl(curvature: float):
    """Return a model whose loss is a parabola, for which gradient descent is known exactly."""
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, 2.0)

    def loss(model: nn.Module, step: int) -> Tensor:
        return curvature * model.weight.square().sum() / 2

    return model, loss


def noisy(seed: int = 0):
    """Return a small classifier with dropout and its loss on random batches."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 3))
    x = torch.randn(200, 6)
    y = (x[:, 0] > 0).long() + (x[:, 1] > 0).long()

    def loss(model: nn.Module, step: int) -> Tensor:
        rows = torch.arange(step * 20, step * 20 + 20) % 200
        return nn.functional.cross_entropy(model(x[rows]), y[rows])

    return model, loss


@pytest.mark.parametrize("curvature", [1.0, 50.0])
def test_it_stops_where_gradient_descent_must_diverge(curvature: float):
    """On a parabola a step of rate r multiplies the weight by 1 - r c: above 2 / c it grows."""
    model, loss = bowl(curvature)
    optimizer = optim.sgd(model.parameters(), lr=1.0)
    curve = lr_range.sweep(model, optimizer, loss, lr_range.Span(1e-4, 1e3, smoothing=0))
    assert curve.suggested is not None
    assert curve.suggested < 2 / curvature < curve.rates[-1] < 1e3
    assert len(curve.rates) == len(curve.losses) == len(curve.smoothed) < 150
    assert curve.smoothed[-1] > 4 * min(curve.smoothed)


def test_losses_are_those_of_training_by_hand():
    model, loss = bowl(1.0)
    span = lr_range.Span(0.01, 1.0, steps=5, smoothing=0)
    curve = lr_range.sweep(model, optim.sgd(model.parameters(), lr=7.0), loss, span)
    weight, expected = 2.0, []
    for rate in (10.0**-2, 10**-1.5, 10**-1.0, 10**-0.5, 1.0):
        expected.append(weight**2 / 2)
        weight *= 1 - rate
    assert curve.rates == pytest.approx([10**-2, 10**-1.5, 10**-1, 10**-0.5, 1])
    assert curve.losses == pytest.approx(expected, rel=1e-5)
    assert curve.smoothed == pytest.approx(expected, rel=1e-5)
    assert not curve.diverged


@pytest.mark.parametrize("build", [optim.adam, lambda p, lr: optim.sgd(p, lr, momentum=0.9)])
def test_model_optimizer_and_global_stream_stay_as_they_were(build):
    model, loss = noisy()
    optimizer = build(model.parameters(), lr=0.01)
    for step in range(3):  # so that the optimizer has state
        loss(model, step).backward()
        optimizer.step()
    before = copy.deepcopy((model.state_dict(), optimizer.state_dict(), torch.get_rng_state()))
    gradients = [p.grad.clone() for p in model.parameters()]
    curve = lr_range.sweep(model, optimizer, loss)
    assert max(curve.losses) > min(curve.losses)
    after = (model.state_dict(), optimizer.state_dict(), torch.get_rng_state())
    torch.testing.assert_close(after, before, rtol=0, atol=0)
    for parameter, gradient in zip(model.parameters(), gradients, strict=True):
        assert torch.equal(parameter.grad, gradient)


def test_the_copy_starts_from_the_state_of_the_optimizer():
    """With momentum in store the first step moves the weight although the gradient is zero."""
    model, _ = bowl(1.0)
    optimizer = optim.sgd(model.parameters(), lr=0.1, momentum=0.9)
    model.weight.sum().backward()
    optimizer.step()
    curve = lr_range.sweep(
        model, optimizer, lambda m, step: 0 * m.weight.sum() + m.weight.detach().sum(),
        lr_range.Span(0.1, 1.0, steps=3, smoothing=0),
    )  # fmt: skip
    assert curve.losses[1] == pytest.approx(curve.losses[0] - 0.1 * 0.9)


def test_same_seed_same_curve():
    first, second = (
        lr_range.sweep(model, optim.adam(model.parameters(), lr=1.0), loss)
        for model, loss in (noisy(), noisy())
    )
    assert first == second


def test_the_smoothed_loss_is_corrected_for_its_start():
    assert lr_range.smooth([3.0] * 4, 0.9) == pytest.approx([3.0] * 4)
    assert lr_range.smooth([1.0, 2.0], 0.5) == pytest.approx([1.0, (0.25 + 1.0) / 0.75])
    assert lr_range.smooth([1.0, 5.0], 0.0) == (1.0, 5.0)


def test_the_suggestion_is_the_steepest_descent_before_the_lowest_loss():
    rates = [10.0**n for n in range(-6, 2)]
    smoothed = (3.0, 3.0, 2.9, 2.0, 1.0, 0.9, 9.0, 1.5)
    assert lr_range.suggest(rates, smoothed) == 10.0**-3  # the fall from 9 to 1.5 is no descent
    assert lr_range.suggest(rates[:3], (1.0, 2.0, 3.0)) is None
    assert lr_range.suggest([], ()) is None


def test_a_loss_that_is_not_finite_ends_it():
    model, _ = bowl(1.0)

    def loss(model: nn.Module, step: int) -> Tensor:
        return model.weight.sum() * (math.nan if step == 4 else 1.0)

    curve = lr_range.sweep(model, optim.sgd(model.parameters(), lr=1.0), loss)
    assert len(curve.losses) == 4
    assert curve.diverged


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"lowest": 0.0}, "rates 0 to 10: must rise"),
        ({"lowest": 1.0, "highest": 0.1}, "rates 1 to 0.1: must rise"),
        ({"steps": 2}, "steps=2"),
        ({"smoothing": 1.0}, "smoothing=1"),
        ({"diverged": 1.0}, "diverged=1"),
    ],
)
def test_a_span_that_cannot_be_is_refused(wrong, told: str):
    with pytest.raises(ValueError, match=told):
        lr_range.Span(**wrong)
