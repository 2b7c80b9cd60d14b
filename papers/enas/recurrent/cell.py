"""The recurrent supernet: a matrix for every edge, which all cells that have the edge share.

Sec. 2.1 of the paper. Node i reads one earlier state j through W_ij and applies an activation; the
highway is DARTS's (`papers.text.cell`), which took it from here. The output is the mean of the
loose ends, the nodes that no other reads. The root's activation is tanh.

A code is `j f` for nodes 1, 2, ...: the state that a node reads and the number of its activation,
in the order of `ACTIVATIONS`.

Shapes: T time steps, B streams, D width, I nodes, E edges = I (I + 1) / 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import torch
from torch import Tensor

from harness.paper import Refused
from papers.text.cell import (
    ACTIVATIONS,
    CellMasks,
    DiscreteCell,
    RecurrentCell,
    highway,
    masked,
    offset,
)
from papers.text.published import Recurrent

NAMES = tuple(ACTIVATIONS)


def decode(code: Sequence[int], origin: str = "drawn by a controller") -> Recurrent:
    """Return the cell of a code (2 I).

    Raises:
        Refused: no whole number of nodes, a state that is not before its reader, no activation.
    """
    if not len(code) or len(code) % 2:
        raise Refused(f"code of {len(code)} numbers: must be two for each node")
    nodes = list(zip(code[::2], code[1::2], strict=True))
    for node, (state, kind) in enumerate(nodes, start=1):
        if not 0 <= state < node:
            raise Refused(f"node {node}: state {state} is none of 0 to {node - 1}")
        if not 0 <= kind < len(NAMES):
            raise Refused(f"node {node}: activation {kind} is none of 0 to {len(NAMES) - 1}")
    read = {state for state, _ in nodes}
    loose = tuple(node for node in range(1, len(nodes) + 1) if node not in read)
    return Recurrent(tuple((NAMES[kind], state) for state, kind in nodes), loose, origin)


def uniform(nodes: int, stream: Random) -> list[int]:
    """Return the code of a cell drawn uniformly: for each node a state and an activation."""
    places = [(node, len(NAMES)) for node in range(1, nodes + 1)]
    return [stream.randrange(count) for pair in places for count in pair]


class SharedRecurrentCell(RecurrentCell):
    """W_0 (2D, 2D), and a matrix (D, 2D) for every edge, in the order of nodes, then of states."""

    def __init__(self, nodes: int, width: int) -> None:
        super().__init__(offset(nodes + 1), width)
        self.count = nodes

    @property
    def products(self) -> int:
        """One for each node: the edge that its cell has."""
        return self.count

    def forward(self, x: Tensor, hidden: Tensor, masks: CellMasks | None, code: Tensor) -> Tensor:
        """Return h_1 ... h_T (T, B, D) of the cell of a code (2 I) int64."""
        cell = decode(code.tolist())
        if len(cell.nodes) != self.count:
            raise Refused(f"code of {len(cell.nodes)} nodes: must be {self.count}")
        weights = [self.nodes[row] for row in rows(cell)]

        def rest(root: Tensor, mask: Tensor | None) -> Tensor:
            states, inputs = [root], [masked(root, mask)]
            for weight, (name, state) in zip(weights, cell.nodes, strict=True):
                both = inputs[state] @ weight
                states.append(highway(states[state], both, ACTIVATIONS[name]))
                inputs.append(masked(states[-1], mask))
            return torch.stack([states[node] for node in cell.concat]).mean(0)

        return self.unrolled(x, hidden, masks, rest)

    @torch.no_grad()
    def child(self, cell: Recurrent) -> DiscreteCell:
        """Return the cell that stands alone, with a copy of its shared weights."""
        own = DiscreteCell(cell, self.root.shape[0] // 2).to(self.root)
        own.root.copy_(self.root)
        own.nodes.copy_(self.nodes[rows(cell)])
        return own


def rows(cell: Recurrent) -> list[int]:
    """Return which edge each node of a cell has."""
    return [offset(node) + state for node, (_, state) in enumerate(cell.nodes, start=1)]
