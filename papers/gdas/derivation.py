"""From weights of operations to a cell, in the two ways that there are.

The paper keeps, as DARTS does, the two strongest edges of each node, each with its strongest
operation (Sec. 3.3). The authors' release keeps the two strongest pairs of edge and operation, so
that both may stand on one edge (`search_model_gdas_nasnet.py`, lines 77 to 93). `none` is never
chosen.

Shapes: E edges, O operations.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from papers.cells.space.genotype import Genotype, NodeCell, Pair
from papers.cells.supernet.derivation import KEPT, derive_cell
from papers.cells.supernet.node import Design, Edges

DeriveCell = Callable[[Tensor, Design, Edges], NodeCell]


def release_cell(weights: Tensor, design: Design, edges: Edges) -> NodeCell:
    """Return the cell of each node's two strongest pairs of edge and operation, stronger first.

    Args:
        weights: softmaxed, (E, O), rows in the order of `design.edges`.
        design: nodes and edges.
        edges: names of each edge's operations.
    """
    rows = weights.detach().tolist()
    pairs: list[Pair] = []
    for node in range(2, design.nodes + 2):
        found = [
            (-rows[e][place], source, place, op)
            for e, (source, target) in enumerate(design.edges)
            if target == node
            for place, op in enumerate(edges[e])
            if op != "none"
        ]
        pairs += [(op, source) for _, source, _, op in sorted(found)[:KEPT]]
    return NodeCell(tuple(pairs), tuple(range(2, design.nodes + 2)))


WAYS: dict[str, DeriveCell] = {"paper": derive_cell, "release": release_cell}


def derive(way: str, normal: Tensor, reduce: Tensor, design: Design) -> Genotype:
    """Return the genotype of softmaxed weights, one (E, O) for each type of cell, in one way."""
    cell = WAYS[way]
    return Genotype.of(
        cell(normal, design, design.operations(False)),
        cell(reduce, design, design.operations(True)),
    )


def repeats(genotype: Genotype) -> int:
    """Return how many nodes of both cells have two operations on one edge."""
    return sum(
        len({source for _, source in pairs}) < len(pairs)
        for name in ("normal", "reduce")
        for pairs in genotype.cell(name).nodes.values()
    )


def agreement(one: Genotype, other: Genotype) -> float:
    """Return the share of one genotype's edges, with their operations, that the other has."""
    mine, theirs = (
        {(name, node, *pair) for name in ("normal", "reduce")
         for node, pairs in found.cell(name).nodes.items() for pair in pairs}
        for found in (one, other)
    )  # fmt: skip
    return len(mine & theirs) / len(mine)
