"""Deep networks: one and many of them are the same, and with one cell they are the league's."""

from __future__ import annotations

import pytest
import torch

from papers.cells.network import light
from papers.cells.network.light import build_light
from papers.cells.space.edge import T0, T1
from papers.nasnet.fidelity.network import Deep, DeepStack, build

CELLS = [T1.code(names) for names in (
    ("c5", "avg", "c5", "skip", "skip", "none"),
    ("skip", "c5", "avg", "c5", "avg", "skip"),
    ("none", "none", "c5", "c5", "skip", "c5"),
)]  # fmt: skip


@pytest.mark.usefixtures("prepared", "double")
@pytest.mark.parametrize("repeats", [1, 2, 3])
def test_many_side_by_side_are_each_what_one_alone_is(repeats):
    networks = [build(T1, code, seed, 4, repeats) for seed, code in enumerate(CELLS)]
    stack = DeepStack(networks)
    x = torch.randn(40, 6)
    own = torch.randn(3, 10, 6)
    (stack(x) * own).sum().backward()
    for member, network in enumerate(networks):
        logits = network(x.T)
        torch.testing.assert_close(stack(x)[member].T, logits, rtol=0, atol=1e-10)
        (logits * own[member].T).sum().backward()
        torch.testing.assert_close(
            stack.weight.grad[member], network.out.weight.grad, rtol=0, atol=1e-9
        )
        torch.testing.assert_close(
            stack.stem.grad[member], network.stem[0].weight.grad[..., 0], rtol=0, atol=1e-9
        )
    stack.eval()
    for member, network in enumerate(networks):
        network.eval()  # one more batch for its statistics than the stack took at each call
        assert torch.isfinite(network(x.T)).all()
        assert stack(x)[member].shape == (10, 6)


def test_with_one_cell_it_is_the_leagues_network():
    code = CELLS[0]
    ours, theirs = Deep(T1, code, 8, 1), build_light(T1, code, 0)
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(5, 40)
    assert torch.equal(ours(x), theirs(x))


def test_more_cells_have_weights_of_their_own():
    code = T0.code(("c3", "skip", "c5"))
    one, three = (sum(w.numel() for w in Deep(T0, code, 4, n).parameters()) for n in (1, 3))
    cell = light.parameters(T0, code, 4) - light.parameters(T0, T0.code(("skip",) * 3), 4)
    assert three == one + 2 * cell
    networks = [build(T0, code, 0, 4, 3) for _ in range(2)]
    assert torch.equal(networks[0].out.weight, networks[1].out.weight)
    first, second = networks[0].more_first
    assert not torch.equal(first.operations["0"][1].weight, second.operations["0"][1].weight)
