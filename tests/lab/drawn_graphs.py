"""Graphs of networks, small or random, for tests of hypernetworks."""

from __future__ import annotations

from random import Random

from papers.ghn2.graph import INDEX, Graph, Node, Parameter


def weight(name: str, *shape: int, primitive: str = "conv") -> Node:
    """A node with one weight."""
    return Node(INDEX[primitive], (Parameter(name, shape),), shape)


def wired(count: int, *edges: tuple[int, int]) -> Graph:
    """Nodes without parameters, of alternating primitives."""
    return Graph(tuple(Node(v % 15) for v in range(count)), edges)


def chain(count: int) -> Graph:
    return wired(count, *((v, v + 1) for v in range(count - 1)))


def random_graph(seed: int, count: int = 12) -> Graph:
    """A graph in which some nodes hear nobody and some lead nowhere; weights on every third."""
    random = Random(seed)
    nodes = [
        weight(f"w{v}", random.choice((4, 8)), 4, 3) if v % 3 == 0 else Node(random.randrange(15))
        for v in range(count)
    ]
    edges = [(u, v) for v in range(count) for u in range(v) if random.random() < 2 / count]
    return Graph(tuple(nodes), tuple(edges))


def reordered(graph: Graph, seed: int) -> tuple[Graph, list[int]]:
    """The same graph in another topological order, and where each of its nodes was before."""
    random, order = Random(seed), list[int]()
    missing = {v: len(graph.before[v]) for v in range(len(graph))}
    while missing:
        v = random.choice([v for v, count in missing.items() if not count])
        del missing[v]
        order.append(v)
        for w in graph.after[v]:
            missing[w] -= 1
    place = {old: new for new, old in enumerate(order)}
    edges = tuple(sorted((place[u], place[v]) for u, v in graph.edges))
    return Graph(tuple(graph.nodes[old] for old in order), edges), order
