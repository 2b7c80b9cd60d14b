"""Graphs of networks written by hand, and what two graphs must share to be the same."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from papers.ghn2.graph import INDEX, Graph, Node, Parameter

Told = set[tuple[str, str]]


class ByHand:
    """Nodes and edges as one writes them down; each method returns the node's place."""

    def __init__(self) -> None:
        self.nodes = [Node(INDEX["input"])]
        self.edges: list[tuple[int, int]] = []

    @property
    def graph(self) -> Graph:
        return Graph(tuple(self.nodes), tuple(self.edges))

    def node(self, primitive: str, *after: int, shape=None, names: Sequence[str] = ()) -> int:
        parameters = tuple(Parameter(name, shape) for name in names)
        self.nodes.append(Node(INDEX[primitive], parameters, shape))
        self.edges += [(u, len(self.nodes) - 1) for u in after]
        return len(self.nodes) - 1

    def weight(self, name: str, shape: tuple[int, ...], *after: int, kind: str = "conv") -> int:
        return self.node(kind, *after, shape=shape, names=[f"{name}.weight"])

    def linear(self, name: str, shape: tuple[int, int], *after: int) -> int:
        weight = self.weight(name, shape, *after)
        return self.node("bias", weight, shape=shape[:1], names=[f"{name}.bias"])

    def norm(self, kind: str, name: str, size: int, *after: int) -> int:
        return self.node(kind, *after, shape=(size,), names=[f"{name}.weight", f"{name}.bias"])


def told(graph: Graph) -> Told:
    """Return the edges of a graph, each node told by its operation, shape, parameters and past."""
    known: list[str] = []
    for place, node in enumerate(graph.nodes):
        own = (node.name, node.shape, tuple(p.name for p in node.parameters))
        past = "".join(sorted(known[u] for u in graph.before[place]))
        known.append(f"{own} {hashlib.sha256(past.encode()).hexdigest()[:12]}")
    return {(known[u], known[v]) for u, v in graph.edges} | {("", each) for each in known}


def primitives(graph: Graph) -> list[str]:
    """Return the operations of a graph's nodes, in order."""
    return [node.name for node in graph.nodes]


def arrows(graph: Graph) -> set[tuple[str, str]]:
    """Return the edges by the names of nodes: of the first parameter, or of the operation."""
    names = [n.parameters[0].name if n.parameters else n.name for n in graph.nodes]
    return {(names[u], names[v]) for u, v in graph.edges}
