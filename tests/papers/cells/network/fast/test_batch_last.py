"""The evaluation network with the batch last: the same numbers as torch's layers give."""

from __future__ import annotations

from random import Random

import pytest
import torch
from torch.nn import functional as F

from papers.cells.network.darts import Layout, Network
from papers.cells.network.fast import batch_last
from papers.cells.space.genotype import Genotype
from papers.cells.space.node import DARTS as SPACE
from papers.cells.space.published import PUBLISHED

pytestmark = pytest.mark.usefixtures("prepared")


def draw(number: int) -> Genotype:
    return SPACE.random(Random(number))


@pytest.mark.parametrize("length", [40, 18])  # 18, 9, 5: odd sizes are halved too
@pytest.mark.parametrize("number", [0, 1, 2])
def test_batch_last_is_the_network(number, length):
    """Logits, gradients, running statistics, and what comes of them when judged."""
    layout = Layout(draw(number), 4, 3, inputs=1, dim=1)
    nets = [Network(layout).double() for _ in range(2)]
    nets[1].load_state_dict(nets[0].state_dict())
    x, y = torch.randn(6, 1, length, dtype=torch.float64), torch.arange(6)
    logits = [nets[0](x)[0], batch_last.forward(nets[1], x)]
    torch.testing.assert_close(*logits, rtol=0, atol=1e-12)
    for one in logits:
        F.cross_entropy(one, y).backward()
    for a, b in zip(nets[0].parameters(), nets[1].parameters(), strict=True):
        assert (a.grad is None) == (b.grad is None)
        if a.grad is not None:
            torch.testing.assert_close(a.grad, b.grad, rtol=0, atol=1e-10)
    states = [net.state_dict() for net in nets]
    for name, value in states[0].items():
        if "running" in name:
            torch.testing.assert_close(value, states[1][name], rtol=0, atol=1e-12)
    judged = [nets[0].eval()(x)[0], batch_last.forward(nets[1].eval(), x)]
    torch.testing.assert_close(*judged, rtol=0, atol=1e-12)


def test_batch_last_runs_cells_that_carry_inputs_and_unknown_operations():
    """Five nodes, concatenated inputs, a convolution of seven: the cells of other papers."""
    for name in ("PNAS", "NASNet_A_slim"):
        layout = Layout(PUBLISHED[name].genotype, 4, 3, inputs=1, dim=1)
        net, x = Network(layout).double().eval(), torch.randn(3, 1, 24, dtype=torch.float64)
        torch.testing.assert_close(net(x)[0], batch_last.forward(net, x), rtol=0, atol=1e-12)
