"""The league's network around an edge cell as a blueprint: what a hypernetwork reads.

It computes what `papers.cells.network.light` does, which a test holds.
"""

from __future__ import annotations

from harness.paper import Refused
from papers.cells.network.light import CHANNELS, CLASSES, POSITIONS
from papers.cells.space.edge import KERNELS, Code, EdgeSpace
from papers.ghn2.space.draft import Blueprint, Draft, Frame, Value
from papers.ghn2.space.network import Network

FRAME = Frame(1, (POSITIONS,), CLASSES)


def network(space: EdgeSpace, code: Code, channels: int = CHANNELS) -> Network:
    """Return the network of a cell.

    Raises:
        Refused: nothing leads from the cell's input to its output.
    """
    return Network(blueprint(space, code, channels), space.text(code))


def blueprint(space: EdgeSpace, code: Code, channels: int = CHANNELS) -> Blueprint:
    """Return stem, cell, reduction, cell and head."""
    draft = Draft(FRAME)
    x: Value = draft.norm(draft.conv(draft.input(), channels, 1))
    x = cell(draft, space, code, x)
    if x is not None:
        halved = draft.pool(draft.relu(x), "avg_pool", 2, width=2)
        x = cell(draft, space, code, draft.norm(draft.conv(halved, 2 * channels, 1)))
    if x is None:
        raise Refused(f"{space.text(code)}: the output does not depend on the input")
    pooled = draft.mean(draft.relu(draft.norm(x)))
    return draft.finished(draft.linear(pooled, CLASSES, classifier=True))


def cell(draft: Draft, space: EdgeSpace, code: Code, x: Value) -> Value:
    """Append a cell: each node is the sum of what its edges bring."""
    draft.cell += 1
    values: list[Value] = [x] + [None] * (space.nodes - 1)
    for (source, target), name in zip(space.edges, space.names(code), strict=True):
        arriving = operation(draft, name, values[source])
        values[target] = draft.sum(values[target], arriving)
    return values[-1]


def operation(draft: Draft, name: str, x: Value) -> Value:
    """Append the operation of an edge."""
    if x is None or name == "none":
        return None
    if name == "skip":
        return x
    if name == "avg":
        return draft.pool(x, "avg_pool", 1)
    return draft.norm(draft.conv(draft.relu(x), draft.shape(x)[0], KERNELS[name]))
