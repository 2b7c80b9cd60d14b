"""What is known of a node before messages pass: its operation and the shape of its weight.

x_v = E_op[o_v] + [E_c(out) || E_c(in) || E_s(kh) || E_s(kw)] (the authors' code).

Shapes: V nodes, D width.
"""

from __future__ import annotations

from bisect import bisect_left
from math import isqrt

import torch
from torch import Tensor, nn

from harness.paper import Refused
from papers.ghn2.graph import PRIMITIVES, Graph, Node
from papers.ghn2.hyper.config import SPATIAL, Hyper

Four = tuple[int, int, int, int]  # (out, in, height, width)


class Features(nn.Module):
    """Embeddings of operations and shapes; the last row of a table is for what has no shape."""

    def __init__(self, hyper: Hyper) -> None:
        super().__init__()
        quarter = hyper.width // 4
        self.operations = nn.Embedding(len(PRIMITIVES), hyper.width)
        self.channels = nn.Embedding(len(hyper.channel_buckets) + 1, quarter)
        self.spaces = nn.Embedding(len(SPATIAL[hyper.spatial]) + 1, quarter)

    def forward(self, operations: Tensor, buckets: Tensor) -> Tensor:
        """Map rows of operations (V) and of shapes (V, 4) to features (V, D)."""
        channels = self.channels(buckets[:, :2]).flatten(1)
        spaces = self.spaces(buckets[:, 2:]).flatten(1)
        features: Tensor = self.operations(operations) + torch.cat([channels, spaces], 1)
        return features


def four(shape: tuple[int, ...], position: bool = False) -> Four:
    """Return a shape as (out, in, height, width), in which all tensors are embedded and decoded.

    Tokens (1, T, C) are the largest square of places that T holds; kernels over a length have
    height 1.
    """
    if position:
        if len(shape) == 3 and shape[0] == 1:
            side = isqrt(shape[1])
            return 1, shape[2], side, side
        if len(shape) == 4:
            return shape[0], shape[1], shape[2], shape[3]
        if len(shape) < 2:
            return 1, *shape, *(1,) * (3 - len(shape))  # type: ignore[return-value]
        return *shape, *(1,) * (4 - len(shape))  # type: ignore[return-value]
    if len(shape) == 3:
        return shape[0], shape[1], 1, shape[2]
    if len(shape) > 4:
        raise Refused(f"shape={shape}: kernels have one or two dimensions")
    return *shape, *(1,) * (4 - len(shape))  # type: ignore[return-value]


def buckets(network: Graph, hyper: Hyper) -> list[list[int]]:
    """Return the rows of each node's shape in the tables of channels and of spaces, (V, 4)."""
    channels, spaces = hyper.channel_buckets, SPATIAL[hyper.spatial]
    nothing = [len(channels), len(channels), len(spaces), len(spaces)]
    rows = []
    for node in network.nodes:
        if node.shape is None:
            rows.append(nothing)
            continue
        out, into, height, width = four(node.shape, _is_position(node))
        rows.append(
            [channel_row(out, channels), channel_row(into, channels),
             space_row(height, spaces), space_row(width, spaces)]
        )  # fmt: skip
    return rows


def _is_position(node: Node) -> bool:
    return node.name == "pos_enc"


def channel_row(count: int, known: tuple[int, ...]) -> int:
    """Return the bucket of a number of channels: the nearest, but 8 for 4 to 7."""
    return known.index(8) if 3 < count < 8 and count not in known else nearest(count, known)


def space_row(size: int, known: tuple[int, ...]) -> int:
    """Return the bucket of a kernel's size: the nearest, but 3 for 2; the last for larger ones."""
    return known.index(3) if size == 2 else nearest(size, known)


def nearest(value: int, known: tuple[int, ...]) -> int:
    """Return the place of the number next to `value`; of two the smaller."""
    right = bisect_left(known, value)
    if right == len(known) or (right and value - known[right - 1] <= known[right] - value):
        return right - 1
    return right
