"""EdgeCell: cells with one operation on every edge of a complete graph (NAS-Bench-201 style).

Node 0 is the input, the last node is the output, and a node's value is the sum of its incoming
edges (Dong & Yang 2020, arXiv:2001.00326, Sec. 2.1). A code is a flat tuple of integers, an
operation for each edge in target-major order: (1<-0), (2<-0), (2<-1), (3<-0), (3<-1), (3<-2).

Shapes: E edges, O operations, V nodes.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from random import Random

from harness.paper import Refused, require

Code = tuple[int, ...]
Edge = tuple[int, int]  # (source, target)

KERNELS = {"c1": 1, "c3": 3, "c5": 5}  # operations with weights, and their kernel sizes
OPERATIONS = ("none", "skip", *KERNELS, "avg")


@dataclass(frozen=True)
class EdgeSpace:
    """A space of edge cells: how many nodes, and which operations an edge may have."""

    name: str
    nodes: int
    ops: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.nodes < 2:
            raise Refused(f"nodes={self.nodes}: a cell has at least an input and an output")
        for op in self.ops:
            require(op, OPERATIONS, "operation")

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """All (source, target), target-major: the order of a code's entries."""
        return tuple((s, t) for t in range(1, self.nodes) for s in range(t))

    @property
    def size(self) -> int:
        """Return how many codes there are."""
        return int(len(self.ops) ** len(self.edges))

    # -- codes as integers and as text ----------------------------------------------------------

    def enumerate(self) -> Iterator[Code]:
        """Yield every code, in the order of `decode(0)`, `decode(1)`, ..."""
        return itertools.product(range(len(self.ops)), repeat=len(self.edges))

    def encode(self, code: Code) -> int:
        """Return the place of a code in `enumerate`: a number in base O, first edge highest."""
        number = 0
        for op in self.check(code):
            number = number * len(self.ops) + op
        return number

    def decode(self, number: int) -> Code:
        """Return the code at a place; the inverse of `encode`."""
        if not 0 <= number < self.size:
            raise Refused(f"code {number}: {self.name} has the codes 0 to {self.size - 1}")
        digits = []
        for _ in self.edges:
            number, digit = divmod(number, len(self.ops))
            digits.append(digit)
        return tuple(reversed(digits))

    def check(self, code: Code) -> Code:
        """Return the code when it belongs to the space; refuse it with the place of the fault."""
        if len(code) != len(self.edges):
            raise Refused(f"{code}: {self.name} has {len(self.edges)} edges, not {len(code)}")
        for place, op in enumerate(code):
            if not 0 <= op < len(self.ops):
                source, target = self.edges[place]
                raise Refused(
                    f"{code}: entry {place} (edge {target}<-{source}) is {op}; operations are "
                    f"numbered 0 to {len(self.ops) - 1}"
                )
        return code

    def names(self, code: Code) -> tuple[str, ...]:
        """Return the operations of a code by name: codes of two spaces meet in names."""
        return tuple(self.ops[op] for op in self.check(code))

    def code(self, names: tuple[str, ...]) -> Code:
        """Return the code of named operations; refuse a name that the space does not have."""
        for place, name in enumerate(names):
            if name not in self.ops:
                require(name, self.ops, f"operation at entry {place} in {self.name}:")
        return self.check(tuple(self.ops.index(name) for name in names))

    def text(self, code: Code) -> str:
        """Return a code as NAS-Bench-201 writes it: |c5~0|+|skip~0|avg~1|+..."""
        names = iter(self.names(code))
        nodes = [[f"{next(names)}~{s}" for s in range(t)] for t in range(1, self.nodes)]
        return "+".join(f"|{'|'.join(node)}|" for node in nodes)

    def parse(self, text: str) -> Code:
        """Return the code of a text that `text` wrote.

        Raises:
            Refused: wrong number of nodes or edges, an edge from elsewhere, an unknown operation;
                with the position.
        """
        nodes = text.split("+")
        if len(nodes) != self.nodes - 1:
            raise Refused(f"'{text}': {len(nodes)} nodes, but {self.name} has {self.nodes - 1}")
        names: list[str] = []
        for target, node in enumerate(nodes, start=1):
            entries = node.strip("|").split("|")
            if len(entries) != target:
                raise Refused(f"'{text}': node {target} has {len(entries)} edges, not {target}")
            for source, entry in enumerate(entries):
                name, _, origin = entry.partition("~")
                if origin != str(source):
                    where = f"node {target}, edge {source}"
                    raise Refused(f"'{text}': {where} is '{entry}', which must end in '~{source}'")
                names.append(name)
        return self.code(tuple(names))

    # -- moving through the space ---------------------------------------------------------------

    def random(self, stream: Random) -> Code:
        """Draw a code uniformly."""
        return tuple(stream.randrange(len(self.ops)) for _ in self.edges)

    def mutate(self, code: Code, stream: Random) -> Code:
        """Give one edge, drawn uniformly, another operation, drawn uniformly."""
        place = stream.randrange(len(self.edges))
        other = stream.randrange(len(self.ops) - 1)
        other += other >= code[place]
        return (*code[:place], other, *code[place + 1 :])

    def neighbours(self, code: Code) -> list[Code]:
        """Return the E (O - 1) codes that differ in one edge."""
        return [
            (*code[:place], op, *code[place + 1 :])
            for place in range(len(code))
            for op in range(len(self.ops))
            if op != code[place]
        ]

    # -- encodings for predictors ---------------------------------------------------------------

    def onehot(self, code: Code) -> list[int]:
        """Return E blocks of O zeros and a one."""
        return [int(op == chosen) for chosen in code for op in range(len(self.ops))]

    def paths(self, code: Code) -> list[int]:
        """Return which sequences of operations lead from input to output (path encoding).

        A multi-hot list with one block per path of the complete graph, shortest first: with four
        nodes and five operations 5 + 25 + 25 + 125 = 180 places; paths of equal length share a
        block, so 5 + 25 + 125 = 155.
        """
        count, edges = len(self.ops), dict(zip(self.edges, code, strict=True))
        blocks = [[0] * count**length for length in range(1, self.nodes)]
        for length in range(1, self.nodes):
            for inner in itertools.combinations(range(1, self.nodes - 1), length - 1):
                steps = itertools.pairwise((0, *inner, self.nodes - 1))
                place = 0
                for step in steps:
                    place = place * count + edges[step]
                blocks[length - 1][place] = 1
        return list(itertools.chain.from_iterable(blocks))

    def graph(self, code: Code) -> tuple[list[list[int]], list[str]]:
        """Return (adjacency, operations) with operations as nodes: E + 2 of them, in and out.

        An edge of the cell becomes a node; it follows every edge that ends where it begins
        (the graph that hypernetworks and graph predictors read).
        """
        ends = [*self.edges]
        nodes = ["in", *self.names(code), "out"]
        size = len(nodes)
        adjacency = [[0] * size for _ in range(size)]
        for place, (source, target) in enumerate(ends, start=1):
            adjacency[0][place] = int(source == 0)
            adjacency[place][size - 1] = int(target == self.nodes - 1)
            for later, (begin, _) in enumerate(ends, start=1):
                adjacency[place][later] = int(begin == target)
        return adjacency, nodes

    def subset(self, code: Code, other: EdgeSpace) -> Code:
        """Return the code that means the same cell in a larger space.

        The operations are looked up by name. A cell with fewer nodes keeps its input, its first
        inner nodes and its output; the nodes between them are isolated.
        """
        names = dict(zip(self.edges, self.names(code), strict=True))
        last = {self.nodes - 1: other.nodes - 1}
        moved = {(s, last.get(t, t)): name for (s, t), name in names.items()}
        return other.code(tuple(moved.get(edge, "none") for edge in other.edges))


T0 = EdgeSpace("T0", 3, ("none", "skip", "c3", "c5", "avg"))
T0B = EdgeSpace("T0b", 4, ("none", "skip", "c3"))
T1 = EdgeSpace("T1", 4, ("none", "skip", "c5", "avg"))
T2 = EdgeSpace("T2", 4, ("none", "skip", "c3", "c5", "avg"))
NB201 = EdgeSpace("NAS-Bench-201", 4, ("none", "skip", "c1", "c3", "avg"))
SPACES = {space.name: space for space in (T0, T0B, T1, T2, NB201)}


def distance(one: Code, other: Code) -> int:
    """Return how many edges differ."""
    return sum(a != b for a, b in zip(one, other, strict=True))
