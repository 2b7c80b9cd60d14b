"""NodeCell: spaces of genotypes, two cells of nodes that each sum two operations.

DARTS (Liu et al. 2019, arXiv:1806.09055, Sec. 2.1), the micro space of ENAS (Pham et al. 2018,
arXiv:1802.03268, Sec. 2.3), NASNet (Zoph et al. 2017, arXiv:1707.07012, Sec. 3) and AmoebaNet
(Real et al. 2018, arXiv:1802.01548, Sec. 2). The record itself is `papers.cells.space.genotype`.

Symbols: B nodes, O operations; node i = 2 ... B+1 reads states j < i.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

from harness.paper import Refused, require
from papers.cells.space.genotype import CELLS, INPUTS, Genotype, NodeCell, Pair
from papers.cells.space.genotype import parse_cell as parse_cell

IDENTITY = 0.05  # how often a mutation changes nothing (Real et al. 2018, Sec. 2)


@dataclass(frozen=True)
class NodeSpace:
    """A space of genotypes: how many nodes a cell has, and which operations a pair may have.

    `distinct`: the two pairs of a node read different states, and their order is no choice.
    `concat`: `all` nodes are concatenated, or the `loose` ends, or what the genotype says
    (`free`; what this space draws has the loose ends).
    """

    name: str
    nodes: int
    ops: tuple[str, ...]
    distinct: bool = False
    concat: str = "loose"

    def __post_init__(self) -> None:
        require(self.concat, ("all", "loose", "free"), "rule of concatenation")
        if self.nodes < 1:
            raise Refused(f"nodes={self.nodes}: a cell has at least one node")

    @property
    def cell_size(self) -> int:
        """Return how many cells there are.

        With distinct states the product of C(i, 2) O^2 (DARTS, Sec. 3: 1 037 664 180), otherwise
        the product of (i O)^2, which counts ordered encodings.
        """
        count, states = len(self.ops), range(INPUTS, INPUTS + self.nodes)
        if self.distinct:
            return math.prod(math.comb(i, 2) * count**2 for i in states)
        return math.prod((i * count) ** 2 for i in states)

    @property
    def size(self) -> int:
        """Return how many genotypes there are: pairs of cells."""
        return self.cell_size**2

    # -- what belongs to the space ----------------------------------------------------------------

    def check(self, genotype: Genotype) -> Genotype:
        """Return the genotype when it belongs to the space; refuse it with the place of the fault.

        Raises:
            Refused: another number of nodes, an operation that the space does not have, a state
                read twice where states are distinct, another concatenation than the rule's.
        """
        for name in CELLS:
            cell = genotype.cell(name)
            if len(cell.nodes) != self.nodes:
                raise Refused(
                    f"{name}: {len(cell.nodes)} nodes, but {self.name} has {self.nodes} in a cell"
                )
            for place, (op, _) in enumerate(cell.pairs):
                if op not in self.ops:
                    where = f"{name}, node {INPUTS + place // 2}, pair {place % 2}"
                    require(op, self.ops, f"operation at {where} in {self.name}:")
            for node, (one, other) in cell.nodes.items():
                if self.distinct and one[1] == other[1]:
                    raise Refused(f"{name}, node {node}: reads state {one[1]} twice")
            if self.concat != "free" and sorted(cell.concat) != sorted(self._ends(cell)):
                raise Refused(
                    f"{name}: concat {cell.concat}, but {self.name} concatenates {self.concat} "
                    f"states, {self._ends(cell)}"
                )
        return genotype

    def _ends(self, cell: NodeCell) -> tuple[int, ...]:
        return tuple(range(INPUTS, cell.states)) if self.concat == "all" else cell.loose

    def _cell(self, pairs: Sequence[Pair]) -> NodeCell:
        cell = NodeCell(tuple(pairs), ())
        return replace(cell, concat=self._ends(cell))

    # -- moving through the space -----------------------------------------------------------------

    def random(self, stream: Random) -> Genotype:
        """Draw a genotype uniformly (of its encodings, where those have an order)."""
        return Genotype.of(self._draw(stream), self._draw(stream))

    def _draw(self, stream: Random) -> NodeCell:
        pairs: list[Pair] = []
        for node in range(INPUTS, INPUTS + self.nodes):
            states = (
                sorted(stream.sample(range(node), 2))
                if self.distinct
                else [stream.randrange(node), stream.randrange(node)]
            )
            pairs += [(stream.choice(self.ops), j) for j in states]
        return self._cell(pairs)

    def mutate(self, genotype: Genotype, stream: Random, identity: float = IDENTITY) -> Genotype:
        """Change one operation or one state, with equal probability; or nothing (`identity`).

        A cell, a node and one of its pairs are drawn uniformly among those that can change, then
        another value (Real et al. 2018, Sec. 2). The concatenation follows a changed state.
        """
        if stream.random() < identity:
            return genotype
        changes = self._operations if stream.random() < 0.5 else self._states
        places = [
            (name, place, others)
            for name in CELLS
            for place in range(2 * self.nodes)
            if (others := changes(genotype.cell(name).pairs, place))
        ]
        name, place, others = stream.choice(places)
        return self._changed(genotype, name, place, stream.choice(others))

    def neighbours(self, genotype: Genotype) -> list[Genotype]:
        """Return every genotype that differs in one operation or in one state."""
        return [
            self._changed(genotype, name, place, pair)
            for name in CELLS
            for place in range(2 * self.nodes)
            for changes in (self._operations, self._states)
            for pair in changes(genotype.cell(name).pairs, place)
        ]

    def _operations(self, pairs: tuple[Pair, ...], place: int) -> list[Pair]:
        own, j = pairs[place]
        return [(op, j) for op in self.ops if op != own]

    def _states(self, pairs: tuple[Pair, ...], place: int) -> list[Pair]:
        op, own = pairs[place]
        taken = {own, pairs[place ^ 1][1]} if self.distinct else {own}
        return [(op, j) for j in range(INPUTS + place // 2) if j not in taken]

    def _changed(self, genotype: Genotype, name: str, place: int, pair: Pair) -> Genotype:
        before = genotype.cell(name)
        pairs = (*before.pairs[:place], pair, *before.pairs[place + 1 :])
        same = pair[1] == before.pairs[place][1]
        after = NodeCell(pairs, before.concat) if same else self._cell(pairs)
        cells = {other: genotype.cell(other) for other in CELLS} | {name: after}
        return Genotype.of(**cells)

    # -- genotypes as integers and as graphs ------------------------------------------------------

    def encode(self, genotype: Genotype) -> tuple[int, ...]:
        """Return ENAS's list of 8 B integers: `i1 o1 i2 o2` per node, normal cell first.

        The concatenation is not part of it.
        """
        pairs = self.check(genotype).normal + genotype.reduce
        return tuple(itertools.chain.from_iterable((j, self.ops.index(op)) for op, j in pairs))

    def decode(self, numbers: Sequence[int]) -> Genotype:
        """Return the genotype of ENAS's list of integers; the inverse of `encode`."""
        if len(numbers) != 8 * self.nodes:
            raise Refused(f"{len(numbers)} numbers, but {self.name} has {8 * self.nodes}")
        for place, op in enumerate(numbers[1::2]):
            if not 0 <= op < len(self.ops):
                last = len(self.ops) - 1
                raise Refused(f"entry {2 * place + 1}: operation {op} is not one of 0 to {last}")
        pairs = [(self.ops[op], j) for j, op in zip(numbers[::2], numbers[1::2], strict=True)]
        half = 2 * self.nodes
        return self.check(Genotype.of(self._cell(pairs[:half]), self._cell(pairs[half:])))

    def onehot(self, genotype: Genotype) -> list[int]:
        """Return for each pair i zeros and a one for its state, O for its operation."""
        self.check(genotype)
        bits: list[int] = []
        for name in CELLS:
            for node, pairs in genotype.cell(name).nodes.items():
                for op, j in pairs:
                    bits += [int(j == state) for state in range(node)]
                    bits += [int(op == other) for other in self.ops]
        return bits

    @property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """All (state, node), node-major: the rows of DARTS's alpha."""
        nodes = range(INPUTS, INPUTS + self.nodes)
        return tuple((j, node) for node in nodes for j in range(node))

    @property
    def offsets(self) -> tuple[int, ...]:
        """The first row of alpha for each node: 0, 2, 5, 9 with four nodes."""
        return tuple(self.edges.index((0, node)) for node in range(INPUTS, INPUTS + self.nodes))

    def rows(self, cell: NodeCell) -> tuple[int, ...]:
        """Return the row of alpha for each pair of a cell."""
        return tuple(self.offsets[place // 2] + j for place, (_, j) in enumerate(cell.pairs))


def graph(cell: NodeCell) -> tuple[list[list[int]], list[str]]:
    """Return (adjacency, operations) of a cell with operations as nodes: 2 B + 3 of them.

    Two inputs, the pairs in their order, the output. A pair follows the input that it reads, or
    both pairs of the node that it reads (the graph that hypernetworks and predictors read).
    """
    names = ["in", "in", *(op for op, _ in cell.pairs), "out"]
    adjacency = [[0] * len(names) for _ in names]
    for place, (_, j) in enumerate(cell.pairs, start=INPUTS):
        for source in _makers(j):
            adjacency[source][place] = 1
    for source in itertools.chain.from_iterable(map(_makers, cell.concat)):
        adjacency[source][-1] = 1
    return adjacency, names


def _makers(state: int) -> Iterator[int]:
    """Yield the graph's nodes whose sum is a state: an input, or the two pairs of a node."""
    first = 2 * state - INPUTS
    yield from (state,) if state < INPUTS else (first, first + 1)


SEARCHED = (
    "max_pool_3x3", "avg_pool_3x3", "skip_connect", "sep_conv_3x3", "sep_conv_5x5",
    "dil_conv_3x3", "dil_conv_5x5",
)  # fmt: skip
MICRO = ("sep_conv_3x3", "sep_conv_5x5", "avg_pool_3x3", "max_pool_3x3", "skip_connect")
EVOLVED = (  # the dilated one is separable twice over, apart from DARTS's dil_conv_3x3
    "skip_connect", "sep_conv_3x3", "sep_conv_5x5", "sep_conv_7x7", "avg_pool_3x3",
    "max_pool_3x3", "dil_sep_conv_3x3", "conv_7x1_1x7",
)  # fmt: skip
CONTROLLED = (  # the 13 of NASNet, from memory: their number is printed, the list unchecked
    "skip_connect", "conv_3x1_1x3", "conv_7x1_1x7", "dil_conv_3x3", "avg_pool_3x3",
    "max_pool_3x3", "max_pool_5x5", "max_pool_7x7", "conv_1x1", "conv_3x3", "sep_conv_3x3",
    "sep_conv_5x5", "sep_conv_7x7",
)  # fmt: skip

DARTS = NodeSpace("DARTS", 4, SEARCHED, distinct=True, concat="all")
ENAS = NodeSpace("ENAS micro", 5, MICRO)
NASNET = NodeSpace("NASNet", 5, CONTROLLED, concat="free")
AMOEBA = NodeSpace("AmoebaNet", 5, EVOLVED, concat="free")
NODE_SPACES = {space.name: space for space in (DARTS, ENAS, NASNET, AMOEBA)}


# -- sizes of the spaces that have no cells -------------------------------------------------------


def micro_size_printed(nodes: int = 7) -> int:
    """Return ENAS's own number of micro networks, (5 (B-2)!)^4 with the inputs in B (Sec. 2.3)."""
    return int((5 * math.factorial(nodes - 2)) ** 4)


def macro_size(layers: int = 12, ops: int = 6) -> int:
    """Return the number of ENAS's macro networks, O^L 2^(L (L-1) / 2) (Sec. 2.3)."""
    return int(ops**layers * 2 ** math.comb(layers, 2))


def tree_size(nodes: int = 12, activations: int = 4) -> int:
    """Return the number of recurrent cells: node n has n earlier ones to read, 4^N (N-1)!."""
    return int(activations**nodes * math.factorial(nodes - 1))


def tree_size_printed(nodes: int = 12, activations: int = 4) -> int:
    """Return ENAS's own number of recurrent cells, 4^N N! (Sec. 2.1)."""
    return int(activations**nodes * math.factorial(nodes))
