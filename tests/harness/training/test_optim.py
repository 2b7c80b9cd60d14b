"""Optimizers are their textbook forms; a clipped step is its four lines, to the bit."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from harness.training import loop, optim


@pytest.mark.parametrize("limit", [1e-3, 1e3])
def test_a_clipped_step_is_its_four_lines(limit: float) -> None:
    x, y = torch.randn(8, 5), torch.randn(8, 3)
    nets = [nn.Linear(5, 3) for _ in "ab"]
    nets[1].load_state_dict(nets[0].state_dict())
    one, other = (optim.unfused_sgd(net.parameters(), 0.1, 0.9, 1e-3) for net in nets)
    for _ in range(3):
        loss = (nets[0](x) - y).square().mean()
        one.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(nets[0].parameters(), limit)
        one.step()
        told = (nets[1](x) - y).square().mean()
        assert torch.equal(optim.clipped_step(told, nets[1].parameters(), other, limit), loss)
    for ours, theirs in zip(*(net.parameters() for net in nets), strict=True):
        assert torch.equal(ours, theirs)


def test_the_norm_of_all_gradients_together_is_what_is_limited() -> None:
    weights = [torch.zeros(2, requires_grad=True), torch.zeros(1, requires_grad=True)]
    optimizer = optim.sgd(weights, lr=1.0)
    loss = 3 * weights[0].sum() + 4 * weights[1].sum()
    assert not optim.clipped_step(loss, weights, optimizer, 0.5).requires_grad
    moved = torch.cat([weight.detach() for weight in weights])
    assert moved.norm().item() == pytest.approx(0.5, rel=1e-5)


def test_placed_values_are_gone_when_a_loss_fails() -> None:
    weights = [torch.randn(3, requires_grad=True), torch.randn(2, requires_grad=True)]
    before = [w.detach().clone() for w in weights]
    with (
        pytest.raises(KeyError),
        optim.placed(weights, [torch.zeros_like(w) for w in weights]),
    ):
        assert not any(w.any() for w in weights)
        raise KeyError
    assert all(torch.equal(w, b) for w, b in zip(weights, before, strict=True))


def test_adam_is_the_textbook_update():
    weight = nn.Parameter(torch.tensor([1.0]))
    optimizer = optim.adam([weight], lr=0.1)
    loop.descend((2 * weight).sum(), optimizer)
    assert float(weight.detach()) == pytest.approx(1 - 0.1, abs=1e-6)


def test_cosine_ends_meet_and_rates_are_set():
    assert optim.cosine(0, 10, 0.4, 0.1) == pytest.approx(0.4)
    assert optim.cosine(10, 10, 0.4, 0.1) == pytest.approx(0.1)
    assert optim.cosine(5, 10, 0.4, 0.1) == pytest.approx(0.25)
    optimizer = optim.sgd([nn.Parameter(torch.ones(1))], lr=1.0, momentum=0.9)
    optim.set_rate(optimizer, 0.3)
    assert [group["lr"] for group in optimizer.param_groups] == [0.3]
