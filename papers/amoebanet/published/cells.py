"""AmoebaNet's published cells as data.

Real et al. 2018, arXiv:1802.01548, as coded for TPUs (tensorflow/tpu, amoeba_net/model_specs.py).
State 0 is the older input and 1 the newer one; there it is the other way round. Which states are
concatenated is data there, too, and not always what is left unread. A stands in
`papers.cells.space.published` as well, in DARTS's listing beside this one.

`dil_sep_conv_5x5` is a separable convolution with dilation by its name; the code that runs the
cell leaves the dilation out, and so does `papers.cells.network.nasnet`.
"""

from __future__ import annotations

from papers.cells.space.genotype import Genotype, NodeCell, parse_cell
from papers.cells.space.published import PUBLISHED, SHORT

TPU = {
    **SHORT,
    "max2": "max_pool_2x2",
    "conv1": "conv_1x1",
    "conv3": "conv_3x3",
    "dilsep5": "dil_sep_conv_5x5",
}


def cell(text: str) -> NodeCell:
    """Return the cell of a text with short names."""
    found = parse_cell(text)
    return NodeCell(tuple((TPU[op], j) for op, j in found.pairs), found.concat)


CELLS = {
    "A": PUBLISHED["AmoebaNet_A_tpu"].genotype,
    "B": Genotype.of(
        cell("conv1~0 max~0 | skip~0 sep3~1 | conv1~0 sep3~1 | conv1~2 skip~2 | avg~0 conv1~5 "
             "; concat 1 3 4 6"),
        cell("max2~1 max~1 | skip~2 conv3~0 | dilsep5~2 max~2 | skip~3 sep3~0 | avg~4 conv1~3 "
             "; concat 5 6"),
    ),
    "C": Genotype.of(
        cell("avg~1 sep3~1 | skip~1 sep3~1 | avg~2 sep3~0 | skip~1 sep3~0 | avg~3 sep3~1 "
             "; concat 0 2 4 5 6"),
        cell("max~1 max~1 | sep7~2 sep3~1 | sep7~1 max~0 | sep5~4 sep5~4 | max~0 sep3~0 "
             "; concat 1 2 3 4 5 6"),
    ),
    "D": Genotype.of(
        cell("conv1~0 max~0 | skip~0 conv7~1 | conv1~1 conv7~1 | max~2 skip~2 | avg~0 conv1~5 "
             "; concat 1 3 4 6"),
        cell("max2~1 max~1 | skip~2 conv3~0 | conv7~2 max~2 | skip~3 max2~0 | avg~2 conv1~3 "
             "; concat 4 5 6"),
    ),
}  # fmt: skip
LISTED = PUBLISHED["AmoebaNet_A_darts"].genotype  # A as DARTS lists it
