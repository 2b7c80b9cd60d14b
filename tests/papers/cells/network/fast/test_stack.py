"""Networks stacked: equal outputs and equal training, whatever stands beside them."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch.nn.functional import cross_entropy

from harness.training import loop, optim
from papers.cells.child import mnist1d
from papers.cells.network.fast.stack import Stack
from papers.cells.network.light import build_light
from papers.cells.space.edge import T2
from tests.lab.testbeds import codes

pytestmark = pytest.mark.usefixtures("prepared")


@pytest.mark.parametrize("training", [True, False])
def test_stacked_networks_compute_what_single_ones_do(double: None, training: bool):
    for seed in range(4):
        chosen = codes(6, seed)
        networks = [build_light(T2, code, n).train(training) for n, code in enumerate(chosen)]
        stack = Stack(networks).train(training)
        x = torch.randn(6, 40, 30)
        together = stack(x)
        for member, network in enumerate(networks):
            alone = network(x[member].T)
            torch.testing.assert_close(together[member].T, alone, rtol=1e-10, atol=1e-10)


@pytest.mark.slow
def test_stacked_training_equals_training_one_after_another(
    signals: mnist1d.Signals, double: None
):
    """T26: mixed cells and seeds, 20 steps; running statistics included."""
    chosen = [*codes(3, 5), T2.code(("c3", "c5", "c3", "c5", "c3", "c5"))]
    built = [build_light(T2, code, n) for n, code in enumerate(chosen)]
    stack = Stack(built)
    x = [torch.randn(20, 40, 50), torch.randint(10, (20, 50))]
    settings = (0.1, 0.9, 5e-4, True)
    optimizer = optim.unfused_sgd(stack.parameters(), *settings)
    for step in range(20):
        shared = x[0][step].expand(len(built), 40, 50)
        losses = mnist1d.cross_entropy(stack(shared), x[1][step].expand(len(built), 50))
        loop.descend(losses.sum(), optimizer)
    stack.eval()
    for member, network in enumerate(built):
        own = optim.unfused_sgd(network.parameters(), *settings)
        for step in range(20):
            loop.descend(cross_entropy(network(x[0][step].T), x[1][step]), own)
        network.eval()
        alone, together = network(x[0][0].T), stack(x[0][0])[member].T
        torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_gradients_do_not_depend_on_the_order_of_a_stack():
    """Bit by bit: three gradients meet at a node, and floating-point sums have an order."""
    cell = T2.code(("avg", "c5", "skip", "skip", "c3", "c5"))
    others = [T2.code((name,) * 6) for name in ("skip", "avg", "c3", "c5")]
    x, y = torch.randn(40, 50), torch.randint(10, (50,))

    def gradients(stacked: list[tuple[int, ...]], member: int) -> list[torch.Tensor]:
        stack = Stack([build_light(T2, code, 0) for code in stacked])
        count = len(stacked)
        logits = stack(x.expand(count, 40, 50))
        mnist1d.cross_entropy(logits, y.expand(count, 50)).sum().backward()
        return [stack.stem.grad[member], stack.reduce.grad[member]]

    alone = gradients([cell], 0)
    for stacked in itertools.permutations([cell, *others], 3):
        if cell in stacked:
            among = gradients(list(stacked), stacked.index(cell))
            assert all(map(torch.equal, alone, among)), stacked
