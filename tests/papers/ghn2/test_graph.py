"""Graphs refuse what is none; distances, levels and names do not depend on the order of nodes."""

from __future__ import annotations

import numpy as np
import pytest

from harness.paper import Refused
from papers.ghn2.graph import (
    INDEX,
    Graph,
    Node,
    Parameter,
    shortest_paths,
    shortest_paths_by_search,
    virtual_edges,
)
from tests.lab.drawn_graphs import chain, random_graph, reordered, weight, wired


@pytest.mark.parametrize(
    ("nodes", "edges", "fault"),
    [
        (2, ((1, 0),), "must lead forward"),
        (2, ((0, 2),), "must lead forward"),
        (2, ((0, 1), (0, 1)), "stands twice"),
    ],
)
def test_edges_that_are_none_are_refused(nodes, edges, fault):
    with pytest.raises(Refused, match=fault):
        wired(nodes, *edges)


def test_a_parameter_belongs_to_one_node():
    with pytest.raises(Refused, match=r"'w'.*one node"):
        Graph((weight("w", 2, 2), weight("w", 2, 2)), ((0, 1),))


def test_roles_and_primitives_and_sizes_are_known():
    with pytest.raises(Refused, match="did you mean 'weight'"):
        Parameter("w", (1,), "weigth")
    with pytest.raises(Refused, match="primitive=15"):
        Node(15)
    with pytest.raises(Refused, match="at least 1"):
        Parameter("w", (0, 3))


@pytest.mark.parametrize("seed", range(30))
def test_shortest_paths_agree_with_a_search_from_every_node(seed):
    graph = random_graph(seed, 25)
    np.testing.assert_array_equal(shortest_paths(graph), shortest_paths_by_search(graph))


def test_virtual_edges_weigh_by_distance_up_to_the_furthest():
    graph = chain(60)
    weights = virtual_edges(graph, 50)
    assert (np.tril(weights) == 0).all()
    assert weights[0, 50] == np.float32(1 / 50)
    assert weights[0, 51] == 0
    edges = np.zeros((60, 60), np.float32)
    edges[tuple(np.array(graph.edges).T)] = 1
    np.testing.assert_array_equal(virtual_edges(graph, 1), edges)
    np.testing.assert_array_equal(weights - virtual_edges(graph, 50, direct=False), edges)


def test_levels_are_longest_paths_in_both_directions():
    graph = wired(5, (0, 1), (1, 2), (0, 2), (2, 4))  # node 3 stands alone
    assert graph.levels.tolist() == [0, 1, 2, 0, 3]
    assert graph.levels_back.tolist() == [3, 2, 1, 0, 0]


@pytest.mark.parametrize("seed", range(10))
def test_a_digest_knows_a_graph_and_not_the_order_of_its_nodes(seed):
    graph = random_graph(seed)
    other, _ = reordered(graph, seed)
    assert other.digest == graph.digest
    nodes = (*graph.nodes[:-1], Node((graph.nodes[-1].primitive + 1) % 15))
    assert Graph(nodes, graph.edges).digest != graph.digest
    assert Graph(graph.nodes, graph.edges[:-1]).digest != graph.digest


def test_shapes_are_part_of_a_digest_and_names_are_not():
    one, renamed, wider = (
        Graph((Node(INDEX["input"]), node), ((0, 1),))
        for node in (weight("a", 2, 2), weight("b", 2, 2), weight("a", 4, 2))
    )
    assert one.digest == renamed.digest != wider.digest
