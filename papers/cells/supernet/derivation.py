"""From weights of operations to a discrete architecture (Sec. 2.4).

Everything here reads softmaxed weights: `none` takes another share on every edge, so raw alphas
would rank the edges otherwise. `none` is never chosen.

Shapes: E edges, O operations.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from papers.cells.space.edge import Code, EdgeSpace
from papers.cells.space.genotype import Genotype, NodeCell, Pair
from papers.cells.supernet.node import Design, Edges

KEPT = 2  # edges of a node that are kept (Sec. 2.4); 1 in recurrent cells


def strongest(row: Sequence[float], ops: Sequence[str]) -> tuple[float, int]:
    """Return an edge's strength and operation: the largest weight but that of none.

    Of equal ones the first is taken. An edge whose one operation is none has strength -1.
    """
    choices = [(weight, -place) for place, weight in enumerate(row[: len(ops)])]
    real = [choice for choice, op in zip(choices, ops, strict=True) if op != "none"]
    if not real:
        return -1.0, list(ops).index("none")
    weight, place = max(real)
    return weight, -place


def derive_cell(weights: Tensor, design: Design, edges: Edges) -> NodeCell:
    """Return the cell that keeps each node's two strongest edges, stronger first.

    Args:
        weights: softmaxed, (E, O), rows in the order of `design.edges`.
        design: nodes and edges.
        edges: names of each edge's operations.
    """
    rows = weights.detach().tolist()
    pairs: list[Pair] = []
    for node in range(2, design.nodes + 2):
        arriving = [e for e, (_, target) in enumerate(design.edges) if target == node]
        found = [(*strongest(rows[e], edges[e]), e) for e in arriving]
        found.sort(key=lambda one: (-one[0], design.edges[one[2]][0]))
        pairs += [(edges[e][op], design.edges[e][0]) for _, op, e in found[:KEPT]]
    return NodeCell(tuple(pairs), tuple(range(2, design.nodes + 2)))


def derive(normal: Tensor, reduce: Tensor, design: Design) -> Genotype:
    """Return the genotype of softmaxed weights, one (E, O) for each type of cell."""
    return Genotype.of(
        derive_cell(normal, design, design.operations(False)),
        derive_cell(reduce, design, design.operations(True)),
    )


def derive_code(weights: Tensor, space: EdgeSpace) -> Code:
    """Return the edge cell that has on every edge its strongest operation but none."""
    return tuple(strongest(row, space.ops)[1] for row in weights.detach().tolist())


def path(cell: NodeCell, design: Design, edges: Edges) -> list[int | None]:
    """Return a cell as a path of the supernet: an operation's number for each edge that it has.

    The way back from a genotype to the network that it was derived from.
    """
    chosen: list[int | None] = [None] * len(design.edges)
    for node, pairs in cell.nodes.items():
        for op, source in pairs:
            edge = design.edges.index((source, node))
            chosen[edge] = edges[edge].index(op)
    return chosen


def only(cell: NodeCell) -> Edges:
    """Return edges that have a cell's own operations and no other: nothing is left to search.

    Edges that the cell has not have `none`.
    """
    return tuple(
        (next((op for op, j in pairs if j == source), "none"),)
        for node, pairs in cell.nodes.items()
        for source in range(node)
    )
