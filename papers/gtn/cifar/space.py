"""The authors' search space: two cells of five nodes, eleven operations (released code, NAO's).

    node i = 2 ... 6:  op_a(h_a) + op_b(h_b),  a, b from 0 ... i - 1

Whatever no node reads is concatenated, cell inputs among them, so that widths differ from cell to
cell. There are (720 x 11^5)^2 cells, 1.8e32 pairs of them. The record of a pair is a genotype,
which is text and JSON.
"""

from __future__ import annotations

from papers.cells.space.node import NodeSpace

NODES = 5
OPS = (
    "skip_connect", "conv_1x1", "conv_3x3", "conv_3x1_1x3", "conv_7x1_1x7",
    "max_pool_2x2", "max_pool_3x3", "max_pool_5x5",
    "avg_pool_2x2", "avg_pool_3x3", "avg_pool_5x5",
)  # fmt: skip
SPACE = NodeSpace("gtn", NODES, OPS)
