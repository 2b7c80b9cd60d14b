"""Level by level or node by node: the same embeddings and the same gradients."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from papers.ghn2.graph import Graph
from papers.ghn2.hyper.batch import Batch, Prepared
from papers.ghn2.hyper.config import Hyper, small
from papers.ghn2.hyper.levels import propagate
from papers.ghn2.hyper.network import HyperNetwork, build
from tests.lab.drawn_graphs import chain, random_graph, wired

pytestmark = pytest.mark.usefixtures("one_thread")
TINY = Hyper(width=8, largest=4, kernel=(1, 3), most_channels=64)


def sequential(hyper: HyperNetwork, features: Tensor, graph: Prepared) -> Tensor:
    edges = torch.from_numpy(graph.edges).double()
    virtual = None if graph.virtual is None else torch.from_numpy(graph.virtual).double()
    return hyper.propagation.sequential(features, edges, virtual)


def both(hyper: HyperNetwork, graphs: list[Graph]) -> tuple[Tensor, Tensor, Tensor]:
    """Return features, and what they become by levels and one by one."""
    ready = [Prepared(graph, hyper.hyper) for graph in graphs]
    batch = Batch(ready, dtype=torch.float64)
    x = hyper.features(batch.operations, batch.buckets).detach().requires_grad_()
    fast = propagate(hyper.propagation, x, batch.forth, batch.back)
    parts = x.split([len(graph) for graph in graphs])
    slow = torch.cat([sequential(hyper, h, g) for h, g in zip(parts, ready, strict=True)])
    return x, fast, slow


@pytest.mark.parametrize("virtual", [0, 2, 50])
@pytest.mark.parametrize("rounds", [1, 2])
def test_values_and_gradients_are_those_of_the_readable_form(virtual, rounds):
    hyper = build(replace(TINY, virtual=virtual, rounds=rounds), 0).double()
    for seed in range(8):
        graphs = [random_graph(3 * seed + k, 4 + 3 * k) for k in range(3)]
        x, fast, slow = both(hyper, graphs)
        torch.testing.assert_close(fast, slow, rtol=0, atol=1e-10)
        weights = torch.randn_like(fast)
        asked = [x, *hyper.propagation.parameters()]
        one, other = (
            torch.autograd.grad((h * weights).sum(), asked, retain_graph=True)
            for h in (fast, slow)
        )
        for a, b in zip(one, other, strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    "graph", [chain(7), wired(6, *((0, v) for v in range(1, 6))), wired(4, (0, 1), (0, 2), (1, 3),
                                                                    (2, 3))]
)  # fmt: skip
def test_a_chain_a_star_and_a_diamond(graph):
    hyper = build(replace(TINY, virtual=0), 1).double()
    _, fast, slow = both(hyper, [graph])
    torch.testing.assert_close(fast, slow, rtol=0, atol=1e-12)


def test_one_edge_is_two_steps_of_the_gated_unit():
    """Forward the sink hears the source; backward the source hears what the sink became."""
    hyper = build(replace(TINY, virtual=0), 2).double()
    x, fast, _ = both(hyper, [chain(2)])
    message, cell = hyper.propagation.message, hyper.propagation.cell
    nothing = torch.zeros(1, TINY.width).double()
    source = cell(nothing, x[:1])
    sink = cell(message(source), x[1:])
    last = cell(nothing, sink)
    first = cell(message(last), source)
    torch.testing.assert_close(fast, torch.cat([first, last]), rtol=0, atol=1e-12)


def test_the_direct_edges_can_be_left_out_of_the_virtual_ones():
    graph = random_graph(5)
    outputs = []
    for direct in (True, False):
        hyper = build(replace(TINY, direct=direct), 0).double()
        _, fast, slow = both(hyper, [graph])
        torch.testing.assert_close(fast, slow, rtol=0, atol=1e-10)
        outputs.append(fast)
    assert not torch.allclose(*outputs)


def test_single_precision_stays_close_on_a_mini_network():
    hyper = build(small("ghn2", 1), 0)
    graph = Prepared(random_graph(7, 40), hyper.hyper)
    single = hyper.embed(hyper.batch([graph]))
    double = hyper.double().embed(Batch([graph], dtype=torch.float64))
    torch.testing.assert_close(single.double(), double, rtol=1e-4, atol=1e-5)
