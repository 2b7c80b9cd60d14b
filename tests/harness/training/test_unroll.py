"""Reverse mode, forward mode, finite differences and recomputation agree on inner loops."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from harness.training import unroll
from harness.training.unroll import SGD, Inner, RMSProp, Tensors

STEPS, ROWS = 10, 12
RULES = {
    "sgd": SGD(rate=lambda meta: meta[0]),
    "momentum": SGD(rate=lambda meta: meta[0], momentum=0.9),
    "rmsprop": RMSProp(rate=lambda meta: 0.05 * meta[0], decay=0.4, first=1.0),
}


def problem() -> tuple[Tensors, Tensors, unroll.Loss]:
    """Return weights of a small tanh net, (rate, bend) as meta-parameters, and its loss."""
    random = torch.Generator().manual_seed(3)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=random, dtype=torch.float64)

    x, y = draw(STEPS, ROWS, 5), torch.randint(0, 3, (STEPS, ROWS), generator=random)
    meta = (torch.tensor(0.3, dtype=torch.float64), torch.tensor(0.7, dtype=torch.float64))

    def loss(weights: Tensors, meta: Tensors, step: int) -> Tensor:
        first, second = weights
        return cross_entropy((meta[1] * (x[step] @ first)).tanh() @ second, y[step])

    return (draw(5, 6), draw(6, 3)), meta, loss


def outer(losses: Tensor, weights: Tensors) -> Tensor:
    """Return an outer loss of the way and of its end."""
    return losses[2:].mean() + sum((w * w).sum() for w in weights) / 100


def leaves(tensors: Tensors) -> Tensors:
    return tuple(t.clone().requires_grad_() for t in tensors)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_reverse_mode_is_the_slope_of_a_finite_difference(rule: unroll.Rule):
    weights, meta, loss = problem()
    inner = Inner(loss, rule, STEPS)
    inputs = leaves(meta)
    gradients = torch.autograd.grad(outer(*inner.run(weights, inputs)), inputs)
    for place, gradient in enumerate(gradients):
        both = []
        for move in (1e-6, -1e-6):
            moved = tuple(m + move * (k == place) for k, m in enumerate(meta))
            both.append(outer(*inner.run(weights, moved)).item())
        assert gradient.item() == pytest.approx((both[0] - both[1]) / 2e-6, rel=1e-6)


@pytest.mark.filterwarnings(
    "ignore:.torch.jit.script. is deprecated"
)  # torch's own, of forward_ad
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_forward_mode_gives_the_derivatives_of_every_loss(rule: unroll.Rule):
    weights, meta, loss = problem()
    inner = Inner(loss, rule, STEPS)
    inputs = leaves(meta)
    losses, _ = inner.run(weights, inputs)
    rows = [
        torch.autograd.grad(one, inputs, retain_graph=True, allow_unused=True) for one in losses
    ]
    zero, one = torch.zeros_like(meta[0]), torch.ones_like(meta[0])
    found, slopes = inner.tangents(weights, meta, [(one, zero), (zero, one)])
    torch.testing.assert_close(found, losses.detach(), rtol=1e-12, atol=0)
    for place in range(2):
        expected = torch.stack([zero if r[place] is None else r[place] for r in rows])
        torch.testing.assert_close(slopes[place], expected, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize("segment", [1, 3, 5, 10, 99])
def test_recomputed_segments_give_the_same_gradients(rule: unroll.Rule, segment: int):
    weights, meta, loss = problem()
    inner, found = Inner(loss, rule, STEPS), []
    for length in (0, segment):
        inputs = leaves((*weights, *meta))
        losses, end = inner.run(inputs[:2], inputs[2:], segment=length)
        found.append((losses, *end, *torch.autograd.grad(outer(losses, end), inputs)))
    torch.testing.assert_close(found[0], found[1], rtol=1e-12, atol=1e-14)


def test_gradients_flow_on_to_what_made_the_meta_parameters():
    """Generated data: the meta-parameter is no leaf, and segments pass its gradient on."""
    weights, _, _ = problem()
    generator = torch.randn(4, 5, dtype=torch.float64, requires_grad=True)
    labels = torch.arange(4) % 3

    def loss(weights: Tensors, meta: Tensors, step: int) -> Tensor:
        return cross_entropy((meta[0] @ weights[0]).tanh() @ weights[1], labels)

    found = []
    for segment in (0, 4):
        data = (2 * generator).sin()
        losses, end = Inner(loss, SGD(0.2), STEPS).run(weights, (data,), segment)
        found.append(torch.autograd.grad(outer(losses, end), generator)[0])
    torch.testing.assert_close(found[0], found[1], rtol=1e-12, atol=1e-14)
    assert found[0].abs().max() > 0


@pytest.mark.parametrize("segment", [0, 3])
def test_gradient_descent_on_a_parabola_has_a_closed_form(segment: int):
    """loss = c w^2 / 2: after T steps w = w0 (1 - r c)^T, and dw/dr = -T c w0 (1 - r c)^(T-1)."""
    curve, start = 0.8, 1.5
    rate = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    inner = Inner(lambda w, meta, t: curve * w[0] ** 2 / 2, SGD(lambda meta: meta[0]), STEPS)
    _, (end,) = inner.run((torch.tensor(start, dtype=torch.float64),), (rate,), segment)
    (slope,) = torch.autograd.grad(end, rate)
    left = 1 - 0.3 * curve
    assert end.item() == pytest.approx(start * left**STEPS, rel=1e-12)
    assert slope.item() == pytest.approx(-STEPS * curve * start * left ** (STEPS - 1), rel=1e-12)


def test_members_have_rates_of_their_own():
    """A loss per member: its meta-gradient does not see the other members."""
    rates = torch.tensor([0.1, 0.4], dtype=torch.float64, requires_grad=True)
    start = torch.tensor([2.0, 2.0], dtype=torch.float64)
    inner = Inner(lambda w, meta, t: w[0] ** 2 / 2, SGD(lambda meta: meta[0]), 3)
    losses, _ = inner.run((start,), (rates,))
    assert losses.shape == (3, 2)
    (slopes,) = torch.autograd.grad(losses[2].sum(), rates)
    expected = [2**2 / 2 * 4 * -((1 - r) ** 3) for r in (0.1, 0.4)]
    assert slopes.tolist() == pytest.approx(expected, rel=1e-12)


def test_the_inputs_stay_as_they_were():
    weights, meta, loss = problem()
    before = [t.clone() for t in (*weights, *meta)]
    for segment in (0, 4):
        Inner(loss, RULES["rmsprop"], STEPS).run(weights, meta, segment)
    assert not any(t.requires_grad for t in (*weights, *meta))
    assert all(torch.equal(a, b) for a, b in zip(before, (*weights, *meta), strict=True))


def test_rules_are_torchs_own():
    """Without meta-gradients the weights are those that torch.optim reaches."""
    weights, meta, loss = problem()
    for rule, build in (
        (SGD(0.2), lambda p: torch.optim.SGD(p, lr=0.2)),
        (SGD(0.2, momentum=0.9), lambda p: torch.optim.SGD(p, lr=0.2, momentum=0.9)),
        (RMSProp(0.01, 0.9), lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.9)),
    ):
        _, end = Inner(loss, rule, STEPS).run(weights, meta)
        own = leaves(weights)
        optimizer = build(own)
        for step in range(STEPS):
            optimizer.zero_grad()
            loss(own, meta, step).backward()
            optimizer.step()
        torch.testing.assert_close(end, tuple(own), rtol=1e-10, atol=1e-12, check_stride=False)


def test_lengths_out_of_range_are_refused():
    weights, meta, loss = problem()
    with pytest.raises(ValueError, match="steps=0"):
        Inner(loss, SGD(0.1), 0).run(weights, meta)
    with pytest.raises(ValueError, match="segment=-1"):
        Inner(loss, SGD(0.1), 2).run(weights, meta, segment=-1)
    with pytest.raises(ValueError, match="directions"):
        Inner(loss, SGD(0.1), 2).tangents(weights, meta, [])
    assert unroll.segment_for(301) == 17
