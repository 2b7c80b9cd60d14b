"""Stacked models compute and learn what single ones do."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from harness.training import device, ensemble, loop, optim


def build(kind: str, seed: int) -> nn.Module:
    with device.seeded(seed):
        if kind == "linear":
            return nn.Linear(6, 4).double()
        if kind == "conv":
            return nn.Conv1d(2, 4, 3, stride=2, padding=1).double()
        return nn.GRU(2, 3, batch_first=True, bidirectional=kind == "both").double()


SHAPES = {"linear": (5, 6), "conv": (5, 2, 9), "one": (5, 7, 2), "both": (5, 7, 2)}
MEMBERS = 3


def output(module: nn.Module, x: torch.Tensor) -> torch.Tensor:
    result = module(x)
    return result[0] if isinstance(result, tuple) else result


@pytest.mark.parametrize("shared", [True, False], ids=["shared input", "own inputs"])
@pytest.mark.parametrize("kind", SHAPES)
def test_layers_and_their_gradients_equal_the_single_ones(kind: str, shared: bool):
    singles = [build(kind, seed) for seed in range(MEMBERS)]
    stacked = ensemble.stack(singles)
    shape = SHAPES[kind] if shared else (MEMBERS, *SHAPES[kind])
    x = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    out = output(stacked, x)
    weight = torch.randn_like(out)
    (out * weight).sum().backward()
    gradient, x.grad = x.grad, None
    total = 0.0
    for member, single in enumerate(singles):
        own = output(single, x if shared else x[member])
        torch.testing.assert_close(out[member], own, rtol=1e-10, atol=1e-10)
        (own * weight[member]).sum().backward()
        total += sum(float(p.grad.square().sum()) for p in single.parameters())
    torch.testing.assert_close(gradient, x.grad, rtol=1e-10, atol=1e-10)
    squares = sum(float(p.grad.square().sum()) for p in stacked.parameters())
    assert squares == pytest.approx(total, rel=1e-10)


def test_the_last_state_of_a_gru_is_returned():
    single = build("one", 0)
    x = torch.randn(4, 6, 2, dtype=torch.float64)
    _, last = ensemble.stack([single])(x)
    torch.testing.assert_close(last, single(x)[1], rtol=1e-10, atol=1e-10)


def test_hand_written_gradients_pass_gradcheck():
    torch.manual_seed(0)
    for kind in ("conv", "both"):
        stacked = ensemble.stack([build(kind, seed) for seed in range(2)])
        x = torch.randn(2, *SHAPES[kind], dtype=torch.float64)[:, :2].requires_grad_()
        assert torch.autograd.gradcheck(lambda x, m=stacked: output(m, x), (x,))


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv1d(1, 3, 3, stride=2, padding=1), nn.ReLU())
        self.out = nn.Linear(3 * 4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.body(x.unsqueeze(-2)).flatten(-2))


def test_training_stacked_equals_training_one_after_another():
    torch.manual_seed(0)
    singles = [Small() for _ in range(MEMBERS)]
    stacked = ensemble.stack(singles)
    x, y = torch.randn(30, 8), torch.randint(0, 4, (30,))
    together = optim.adam(stacked.parameters(), 1e-2)
    for _ in range(20):
        loop.descend(ensemble.cross_entropy(stacked(x), y).sum(), together)
    for member, single in enumerate(singles):
        own = torch.optim.Adam(single.parameters(), lr=1e-2)
        for _ in range(20):
            loop.descend(cross_entropy(single(x), y), own)
        torch.testing.assert_close(stacked(x)[member], single(x), rtol=1e-4, atol=1e-5)


def test_cross_entropy_is_torchs_per_member():
    logits, labels = torch.randn(3, 7, 5), torch.randint(0, 5, (7,))
    own = torch.stack([cross_entropy(logits[e], labels) for e in range(3)])
    torch.testing.assert_close(ensemble.cross_entropy(logits, labels), own)


def test_members_may_have_labels_of_their_own():
    logits, labels = torch.randn(3, 7, 5), torch.randint(0, 5, (3, 7))
    own = torch.stack([cross_entropy(logits[e], labels[e]) for e in range(3)])
    torch.testing.assert_close(ensemble.cross_entropy(logits, labels), own)


def test_a_layer_without_a_twin_is_named():
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    with pytest.raises(ValueError, match=r"Sequential\.1: BatchNorm1d has no stacked twin"):
        ensemble.stack([model])


def test_a_gru_that_has_no_twin_is_refused():
    with pytest.raises(ValueError, match="one batch-first layer"):
        ensemble.stack([nn.GRU(2, 3, num_layers=2, batch_first=True)])


def test_stacking_copies():
    single = nn.Linear(2, 2)
    stacked = ensemble.stack([single])
    with torch.no_grad():
        single.weight.add_(1)
    assert not torch.equal(output(stacked, torch.ones(1, 2))[0], single(torch.ones(1, 2)))
