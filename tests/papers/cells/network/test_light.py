"""The light network: what it counts and costs, and which cells are the same function."""

from __future__ import annotations

import pytest
import torch

from harness.training import metrics
from papers.cells.network import light
from papers.cells.network.light import build_light
from papers.cells.space.classes import Graph, classes
from papers.cells.space.edge import T1, T2
from tests.lab.testbeds import codes

pytestmark = pytest.mark.usefixtures("prepared")


def test_parameters_follow_the_formula():
    for code in [*codes(20), (2,) * 6, (3,) * 6]:
        names = T2.names(code)
        expected = 386 + 1008 * names.count("c3") + 1648 * names.count("c5")
        assert metrics.parameters(build_light(T2, code, 0)) == expected
        assert light.parameters(T2, code) == expected
    assert light.parameters(T2, (2,) * 6) == 6434
    assert light.parameters(T2, (3,) * 6) == 10274


def test_multiply_adds_are_what_torch_counts_where_nothing_is_dead():
    for code in classes(T2).representatives[1::400]:
        network = build_light(T2, code, 0)
        counted = metrics.flops(lambda network=network: network(torch.randn(3, 40)))
        assert counted == 2 * 3 * light.macs(T2, code)


def test_members_of_a_class_cost_the_same():
    for members in classes(T1).members[::40]:
        live = [c for c in members if len(Graph(T1, c).live) == T1.names(c).count("c5")]
        assert len({light.macs(T1, code) for code in members}) == 1
        assert len({light.parameters(T1, code) for code in live}) <= 1


def test_a_dead_cell_gives_every_signal_the_same_logits():
    network = build_light(T2, (0,) * 6, 0)
    logits = network(torch.randn(5, 40))
    assert torch.equal(logits, logits[:1].expand(5, -1))


def test_isomorphic_cells_with_equal_weights_are_equal():
    """T8: nodes 1 and 2 change places, and their convolutions with them."""
    one = T2.code(("c3", "c5", "none", "c3", "skip", "avg"))
    other = T2.code(("c5", "c3", "none", "c3", "avg", "skip"))
    assert classes(T2).of(one) == classes(T2).of(other)
    networks = build_light(T2, one, 0), build_light(T2, other, 1)
    places = {"0": "1", "1": "0", "3": "3"}
    state = networks[0].state_dict()
    moved = {}
    for name, value in state.items():
        part, _, rest = name.partition(".operations.")
        if rest:
            edge, _, tail = rest.partition(".")
            name = f"{part}.operations.{places[edge]}.{tail}"
        moved[name] = value
    networks[1].load_state_dict(moved)
    x = torch.randn(4, 40)
    torch.testing.assert_close(networks[0](x), networks[1](x))
