"""A network as a directed acyclic graph of primitives (Sec. 2.2 and 3): what is predicted for.

A node stands for one operation, and names the parameters that are decoded from its embedding. A
graph comes from the space's own builder or from recording a user's module; the hypernetwork reads
nothing else. It holds no tensor and needs no torch.

Rules for whoever makes one:

- Nodes stand in a topological order: every edge (u, v) has u < v. Which one does not matter.
- Each of these is a node: the weight of a convolution or linear map (`conv`; `sep_conv` where it
  is grouped, `dil_conv` where it is dilated, too); its bias (`bias`, after the weight); a
  normalisation (`bn`, `ln`: one node for scale and shift); `msa` (softmax(q k) v, between its
  weights); `cse` (the gate, with the gated tensor as second input); pools, `glob_avg`; `sum` and
  `concat` of two values or more; the one `input`; and a tensor of positions or any other bare
  parameter (`pos_enc`, no input of its own).
- Activations, reshapes, softmax and dropout are no nodes: edges pass through them.
- A parameter that several nodes use belongs to the first of them, in `Node.parameters`; the others
  show its shape alone.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from harness.paper import Refused, require

PRIMITIVES = (  # the index is a node's row in the embedding of operations (Tab. 1)
    "max_pool", "avg_pool", "sep_conv", "dil_conv", "conv", "msa", "cse", "sum", "concat",
    "input", "bias", "bn", "ln", "pos_enc", "glob_avg",
)  # fmt: skip
INDEX = {name: index for index, name in enumerate(PRIMITIVES)}

# how a parameter is decoded and normalised
WEIGHT = "weight"  # (out, in / groups, *kernel): convolution, linear, projections of attention
BIAS = "bias"  # (out,)
SCALE, SHIFT = "scale", "shift"  # (C,) of a normalisation
POSITION = "position"  # a bare parameter of any shape: positions, tokens
CLASS_WEIGHT, CLASS_BIAS = "class_weight", "class_bias"  # (K, in) and (K,) of the classifier
ROLES = (WEIGHT, BIAS, SCALE, SHIFT, POSITION, CLASS_WEIGHT, CLASS_BIAS)

Edge = tuple[int, int]
Distances = NDArray[np.int32]


@dataclass(frozen=True)
class Parameter:
    """One tensor to predict: its name in the module's state, its shape and its role.

    `rectified`: whether a ReLU follows its output, so that the variance of a weight is 2 / fan-in;
    1 / fan-in otherwise: depthwise convolutions and the first half of a pair 1xk, kx1.
    """

    name: str
    shape: tuple[int, ...]
    role: str = WEIGHT
    rectified: bool = True

    def __post_init__(self) -> None:
        require(self.role, ROLES, f"role of parameter '{self.name}'")
        if not all(size > 0 for size in self.shape):
            raise Refused(f"parameter '{self.name}': shape={self.shape}: sizes are at least 1")


@dataclass(frozen=True)
class Node:
    """One operation: the row of its primitive, its parameters, and the shape that is embedded.

    `shape` is that of the weight, (C,) of a bias or a normalisation, (1, 1, k, k) of a pool ((1,
    1, k) in one dimension); None where the operation has none. `cell` is where it stands in a
    network of cells, -1 outside. `label` names it for people.
    """

    primitive: int
    parameters: tuple[Parameter, ...] = ()
    shape: tuple[int, ...] | None = None
    cell: int = -1
    label: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.primitive < len(PRIMITIVES):
            raise Refused(
                f"primitive={self.primitive}: must lie between 0 and {len(PRIMITIVES) - 1}"
            )

    @property
    def name(self) -> str:
        """The name of its primitive."""
        return PRIMITIVES[self.primitive]


@dataclass(frozen=True)
class Graph:
    """Nodes in a topological order and the edges along which data flow.

    Raises:
        Refused: an edge does not lead forward or stands twice, or a parameter has two nodes.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def __post_init__(self) -> None:
        last = len(self.nodes) - 1
        for u, v in self.edges:
            if not 0 <= u < v <= last:
                raise Refused(f"edge=({u}, {v}): must lead forward among nodes 0 to {last}")
        if len(set(self.edges)) < len(self.edges):
            twice = next(edge for edge in self.edges if self.edges.count(edge) > 1)
            raise Refused(f"edge={twice}: stands twice")
        names = [parameter.name for parameter in self.parameters()]
        if len(set(names)) < len(names):
            twice_named = next(name for name in names if names.count(name) > 1)
            raise Refused(f"parameter '{twice_named}': belongs to one node, its first user")

    def __len__(self) -> int:
        return len(self.nodes)

    def parameters(self) -> Iterator[Parameter]:
        """Yield every tensor to predict, node by node."""
        for node in self.nodes:
            yield from node.parameters

    @property
    def size(self) -> int:
        """How many numbers are predicted."""
        return sum(int(np.prod(parameter.shape)) for parameter in self.parameters())

    @cached_property
    def before(self) -> tuple[tuple[int, ...], ...]:
        """The nodes that lead to each node."""
        return _grouped(len(self), [(v, u) for u, v in self.edges])

    @cached_property
    def after(self) -> tuple[tuple[int, ...], ...]:
        """The nodes that each node leads to."""
        return _grouped(len(self), self.edges)

    @cached_property
    def levels(self) -> NDArray[np.int64]:
        """Longest path from a source, (V,): a node hears only from lower levels going forward."""
        return _levels(self.before, range(len(self)))

    @cached_property
    def levels_back(self) -> NDArray[np.int64]:
        """Longest path to a sink, (V,): a node hears only from lower ones going backward."""
        return _levels(self.after, range(len(self) - 1, -1, -1))

    @cached_property
    def distances(self) -> Distances:
        """Shortest directed paths s_uv, (V, V); 0 where no path leads from u to v."""
        return shortest_paths(self)

    @cached_property
    def digest(self) -> str:
        """A name that two graphs share only when they agree in operations, shapes and edges.

        It does not depend on the order of the nodes, nor on the names of parameters: each node is
        known by what leads to it and by what it leads to.
        """
        own = [f"{node.primitive}{node.shape}" for node in self.nodes]
        forth = _hashes(own, self.before, range(len(self)))
        back = _hashes(own, self.after, range(len(self) - 1, -1, -1))
        pairs = sorted(f"{one}{other}" for one, other in zip(forth, back, strict=True))
        return _hash("".join(pairs))


def virtual_edges(graph: Graph, furthest: int, direct: bool = True) -> NDArray[np.float32]:
    """Return 1 / s_uv for 1 <= s_uv <= `furthest`, 0 elsewhere, (V, V) (Sec. 4).

    `direct`: whether edges of the network, s = 1, count too, as in the authors' code; the paper's
    formula has 1 < s.
    """
    s = graph.distances
    counted = (s >= (1 if direct else 2)) & (s <= furthest)
    weights = np.zeros(s.shape, np.float32)
    np.divide(1.0, s, out=weights, where=counted)
    return weights


def shortest_paths(graph: Graph) -> Distances:
    """Return the length of the shortest directed path from u to v, (V, V); 0 where none leads.

    Nodes are visited in their order, so a node's column is known when it is asked for: one minimum
    over whole columns for each edge.
    """
    count = len(graph)
    far = np.int32(count)  # longer than any path
    to = np.full((count, count), far, np.int32)  # [v, u]: rows are contiguous
    for v, sources in enumerate(graph.before):
        row = to[v]
        for u in sources:
            np.minimum(row, to[u] + 1, out=row)
            row[u] = 1
    to[to >= far] = 0
    return np.ascontiguousarray(to.T)


def shortest_paths_by_search(graph: Graph) -> Distances:
    """Return the same by a breadth-first search from every node: the readable oracle."""
    found = np.zeros((len(graph), len(graph)), np.int32)
    for source in range(len(graph)):
        queue = deque([source])
        while queue:
            u = queue.popleft()
            for v in graph.after[u]:
                if found[source, v] == 0:
                    found[source, v] = found[source, u] + 1
                    queue.append(v)
    return found


# -- inside ---------------------------------------------------------------------------------------


def _grouped(count: int, pairs: Sequence[Edge]) -> tuple[tuple[int, ...], ...]:
    groups: list[list[int]] = [[] for _ in range(count)]
    for key, value in sorted(pairs):
        groups[key].append(value)
    return tuple(tuple(group) for group in groups)


def _levels(sources: Sequence[Sequence[int]], order: Sequence[int]) -> NDArray[np.int64]:
    levels = np.zeros(len(sources), np.int64)
    for node in order:
        levels[node] = max((levels[u] + 1 for u in sources[node]), default=0)
    return levels


def _hashes(
    own: Sequence[str], sources: Sequence[Sequence[int]], order: Sequence[int]
) -> list[str]:
    hashes = [""] * len(own)
    for node in order:
        hashes[node] = _hash(own[node] + "".join(sorted(hashes[u] for u in sources[node])))
    return hashes


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
