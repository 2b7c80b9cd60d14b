"""Recurrent architectures: derived (DARTS, Sec. 2.4), drawn at random, written and read.

Shapes: E edges, O operations.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

import torch
from torch import Tensor

from papers.text.cell import ACTIVATIONS, OPERATIONS, offset
from papers.text.published import Recurrent

RECORD = "cell.json"


def derive(
    weights_EO: Tensor, nodes: int, among: Collection[str] = tuple(ACTIVATIONS)
) -> Recurrent:
    """Return the cell that keeps each node's strongest edge and its strongest operation.

    Of equally strong ones the earlier state is kept, and there the earlier operation.

    Args:
        weights_EO: softmaxed alpha, rows in the order of nodes, then of predecessors.
        nodes: their number I; E is I (I + 1) / 2.
        among: what may be kept, all but none. With none among them, it stands in the cell of a
            node for which it is the strongest; such a cell cannot be trained.
    """
    rows = weights_EO.detach().tolist()
    kept = []
    for node in range(1, nodes + 1):
        arriving = [
            (share, name, state)
            for state, row in enumerate(rows[offset(node) : offset(node + 1)])
            for share, name in zip(row, OPERATIONS, strict=True)
            if name in among
        ]
        _, name, state = max(arriving, key=lambda one: one[0])  # the first of equal ones
        kept.append((name, state))
    return whole(kept, "derived from alpha")


def drawn(nodes: int, seed: int) -> Recurrent:
    """Return a cell drawn uniformly: for each node a predecessor and an activation but none."""
    stream = torch.Generator().manual_seed(seed)
    names = tuple(ACTIVATIONS)

    def below(count: int) -> int:
        return int(torch.randint(count, (), generator=stream))

    pairs = [(names[below(len(names))], below(node)) for node in range(1, nodes + 1)]
    return whole(pairs, "drawn at random")


def whole(pairs: list[tuple[str, int]], origin: str) -> Recurrent:
    """Return the cell of these nodes whose output is the mean of all of them."""
    return Recurrent(tuple(pairs), tuple(range(1, len(pairs) + 1)), origin)


def text(cell: Recurrent) -> str:
    """Return a cell as one line: `sigmoid~0 relu~1 ; mean 1 2`."""
    nodes = " ".join(f"{name}~{state}" for name, state in cell.nodes)
    return f"{nodes} ; mean {' '.join(map(str, cell.concat))}"


def save(cell: Recurrent, folder: Path) -> None:
    """Write cell.json: nodes, concat, origin."""
    content = {
        "nodes": [list(pair) for pair in cell.nodes],
        "concat": list(cell.concat),
        "origin": cell.citation,
    }
    (folder / RECORD).write_text(json.dumps(content) + "\n")


def read(folder: Path) -> Recurrent:
    """Return the cell that `save` wrote."""
    content = json.loads((folder / RECORD).read_text())
    pairs = [(str(name), int(state)) for name, state in content["nodes"]]
    return Recurrent(tuple(pairs), tuple(content["concat"]), content["origin"])
