"""The hypernetwork: how large it is, what it predicts, and what that does not depend on."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from harness.paper import Refused
from papers.cells.space.genotype import Genotype
from papers.ghn2.graph import INDEX, PRIMITIVES, Graph, Node, Parameter
from papers.ghn2.hyper.batch import Prepared
from papers.ghn2.hyper.config import PRESETS, Hyper, preset, small
from papers.ghn2.hyper.network import build
from papers.ghn2.space.draft import Frame
from papers.ghn2.space.generator import SMALL
from papers.ghn2.space.record import Record
from papers.ghn2.space.splits import Space
from tests.lab.drawn_graphs import random_graph, reordered, weight

pytestmark = pytest.mark.usefixtures("one_thread")
MINI = Space("mini", Frame(1, (40,), 10))


def size(hyper: Hyper) -> int:
    return sum(p.numel() for p in build(hyper, 0).parameters())


def tensors(predicted):
    return {name: value for own in predicted for name, value in own.items()}


def test_parameter_counts_are_the_authors():
    assert size(preset("ghn2")) == 1_620_764
    assert size(preset("ghn1")) == 1_620_668


def test_parts_have_the_authors_sizes():
    network = build(preset("ghn2"), 0)
    counts = {
        name: sum(p.numel() for p in part.parameters()) for name, part in network.named_children()
    }
    biases = sum(p.numel() for p in network.vectors.classes.parameters())
    assert counts == {
        "features": 480 + 3208,
        "propagation": 8480,
        "norm": 64,
        "grids": 1_597_450,
        "vectors": 10_432 + 650,
    }
    assert biases == 650


@pytest.mark.parametrize("name", PRESETS)
def test_every_parameter_of_every_network_is_predicted_in_its_shape(name):
    networks = [net for split in ("train", "bnfree", "wide") for net in MINI.split(split, 3)]
    hyper = build(small(name, 1), 0)
    for network, own in zip(networks, hyper([n.graph for n in networks]), strict=True):
        wanted = {key: value.shape for key, value in network.module.named_parameters()}
        assert {key: value.shape for key, value in own.items()} == wanted
        assert all(value.isfinite().all() for value in own.values())


ALL = (
    "msa~0 cse~1 | sep_conv_3x3~0 dil_conv_3x3~1 | max_pool_3x3~0 avg_pool_3x3~2 | "
    "conv_7x1_1x7~1 conv_5x5~3 ; concat 2 4 5"
)


@pytest.mark.parametrize("name", ["ghn2", "ghn3t"])
def test_networks_with_all_primitives_are_predicted_too(name):
    record = Record(Genotype.parse(f"normal: {ALL} / reduce: {ALL}"), 3, 8, growth=2, fc=16)
    network = Space("deepnets", SMALL).network(record)
    assert {node.name for node in network.graph.nodes} == set(PRIMITIVES)
    hyper = build(preset(name), 0)
    with torch.no_grad():
        (own,) = hyper([network.graph])
    wanted = {key: value.shape for key, value in network.module.named_parameters()}
    assert {key: value.shape for key, value in own.items()} == wanted
    assert network.logits(own, torch.randn(2, 3, 32, 32)).isfinite().all()


@pytest.mark.parametrize("name", PRESETS)
def test_every_weight_of_the_hypernetwork_has_a_gradient(name):
    networks = MINI.split("train", 8)
    hyper = build(small(name, 1), 0)
    sum(value.sum() for value in tensors(hyper([n.graph for n in networks])).values()).backward()
    silent = [key for key, p in hyper.named_parameters() if p.grad is None or not p.grad.any()]
    assert silent == []


@pytest.mark.parametrize("name", PRESETS)
def test_a_meta_batch_is_its_networks_one_by_one(name):
    hyper = build(small(name, 1), 0).double()
    graphs = [network.graph for network in MINI.split("train", 4)]
    together, alone = hyper(graphs), [hyper([graph])[0] for graph in graphs]
    turned = hyper(graphs[::-1])[::-1]
    for one, other, third in zip(together, alone, turned, strict=True):
        for key, value in one.items():
            torch.testing.assert_close(value, other[key], rtol=0, atol=1e-10)
            torch.testing.assert_close(value, third[key], rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("seed", range(3))
def test_what_is_predicted_does_not_depend_on_the_order_of_the_nodes(name, seed):
    hyper = build(small(name, 1), 0).double()
    graph = MINI.split("train", 4)[seed].graph
    other, order = reordered(graph, seed)
    first, second = hyper.batch([graph]), hyper.batch([other])
    h, moved = hyper.embed(first), hyper.embed(second)
    torch.testing.assert_close(h[order], moved, rtol=0, atol=1e-10)
    for key, value in hyper.decode(first, h)[0].items():
        torch.testing.assert_close(value, hyper.decode(second, moved)[0][key], rtol=0, atol=1e-10)


def test_twins_are_predicted_alike():
    """Nodes of equal shape and equal neighbours: nothing in the model can tell them apart."""
    nodes = (Node(INDEX["input"]), weight("one", 8, 4, 3), weight("other", 8, 4, 3),
             Node(INDEX["sum"]))  # fmt: skip
    graph = Graph(nodes, ((0, 1), (0, 2), (1, 3), (2, 3)))
    own = build(small("ghn2", 1), 0).double()([graph])[0]
    torch.testing.assert_close(own["one"], own["other"], rtol=0, atol=1e-12)


def test_the_mlp_is_deaf_and_the_others_hear_edges():
    graph = random_graph(0)
    other = Graph(graph.nodes, graph.edges[1:])
    for name in ("mlp", "ghn1", "ghn2"):
        hyper = build(small(name, 1), 0)
        first, second = tensors(hyper([graph])), tensors(hyper([other]))
        same = all(torch.equal(first[key], second[key]) for key in first)
        assert same == (name == "mlp"), name


def test_without_messages_a_node_knows_itself_alone():
    hyper = build(small("ghn2", 1), 0).double()
    for mlp in (hyper.propagation.message, hyper.propagation.far):
        torch.nn.init.zeros_(mlp[2].weight)
        torch.nn.init.zeros_(mlp[2].bias)
    graph = random_graph(3)
    alone = Graph(graph.nodes, ())
    pair = [hyper.embed(hyper.batch([each])) for each in (graph, alone)]
    torch.testing.assert_close(*pair, rtol=0, atol=1e-12)


def test_other_classes_are_refused():
    space = Space("mini", Frame(1, (40,), 12))
    with pytest.raises(Refused, match="12 classes; the hypernetwork was made for 10"):
        build(small("ghn2", 1), 0)([space.split("test", 1)[0].graph])


def test_kernels_of_three_dimensions_are_refused():
    graph = Graph((Node(INDEX["conv"], (Parameter("w", (2, 2, 3, 3, 3)),), (2, 2, 3, 3, 3)),), ())
    with pytest.raises(Refused, match="one or two dimensions"):
        Prepared(graph, preset("ghn2"))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"width": 30}, "nearest is 28"),
        ({"propagation": "gatd"}, "did you mean 'gated'"),
        ({"propagation": "transformer", "width": 36}, "8 heads must divide"),
        ({"crop": "center"}, "did you mean 'centre'"),
        ({"kernel": (0, 7)}, "kernel"),
        ({"virtual": -1}, "virtual=-1"),
    ],
)
def test_hypernetworks_that_are_none_are_refused(changes, fault):
    with pytest.raises(Refused, match=fault):
        replace(preset("ghn2"), **changes)
