"""Architectures that were published: cells, and ENAS's whole network.

Cells are written with short names (`sep3~1`: 3x3 separable convolution of state 1); state 0 is the
older input and 1 the newer one in every listing. The concatenated states are data: several
listings do not concatenate their loose ends.
"""

from __future__ import annotations

from dataclasses import dataclass

from papers.cells.space.genotype import Genotype, NodeCell, parse_cell
from papers.cells.space.hand_made import HAND_MADE

SHORT = {
    "skip": "skip_connect",
    "max": "max_pool_3x3",
    "avg": "avg_pool_3x3",
    "sep3": "sep_conv_3x3",
    "sep5": "sep_conv_5x5",
    "sep7": "sep_conv_7x7",
    "dil3": "dil_conv_3x3",
    "dil5": "dil_conv_5x5",
    "conv7": "conv_7x1_1x7",
}


@dataclass(frozen=True)
class Published:
    """A genotype and where it was printed."""

    genotype: Genotype
    citation: str


def _cell(text: str) -> NodeCell:
    cell = parse_cell(text)
    return NodeCell(tuple((SHORT[op], j) for op, j in cell.pairs), cell.concat)


def _published(citation: str, normal: str, reduce: str) -> Published:
    return Published(Genotype.of(_cell(normal), _cell(reduce)), citation)


_DARTS = "Liu, Simonyan & Yang 2019, DARTS, arXiv:1806.09055"
_NASNET = "Zoph, Vasudevan, Shlens & Le 2017, NASNet, arXiv:1707.07012"
_AMOEBA = "Real, Aggarwal, Huang & Le 2018, AmoebaNet, arXiv:1802.01548"
_PC_DARTS = "Xu et al. 2020, PC-DARTS, arXiv:1907.05737"

_NASNET_NORMAL = (
    "sep5~1 sep3~0 | sep5~0 sep3~0 | avg~1 skip~0 | avg~0 avg~0 | sep3~1 skip~1 ; concat "
)
_NASNET_REDUCE = (
    "sep5~1 sep7~0 | max~1 sep7~0 | avg~1 sep5~0 | skip~3 avg~2 | sep3~2 max~1 ; concat "
)
_PNAS_CELL = "sep5~0 max~0 | sep7~1 max~1 | sep5~1 sep3~1 | sep3~4 max~1 | sep3~0 skip~1"

PUBLISHED = {
    "DARTS_V1": _published(
        f"{_DARTS}, first order",
        "sep3~1 sep3~0 | skip~0 sep3~1 | skip~0 sep3~1 | sep3~0 skip~2 ; concat 2 3 4 5",
        "max~0 max~1 | skip~2 max~0 | max~0 skip~2 | skip~2 avg~0 ; concat 2 3 4 5",
    ),
    "DARTS_V2": _published(
        f"{_DARTS}, second order",
        "sep3~0 sep3~1 | sep3~0 sep3~1 | sep3~1 skip~0 | skip~0 dil3~2 ; concat 2 3 4 5",
        "max~0 max~1 | skip~2 max~1 | max~0 skip~2 | skip~2 max~1 ; concat 2 3 4 5",
    ),
    "NASNet_A_slim": _published(
        f"{_NASNET}, as coded in TF-slim",
        f"{_NASNET_NORMAL} 0 2 3 4 5 6",
        f"{_NASNET_REDUCE} 3 4 5 6",
    ),
    "NASNet_A_darts": _published(
        f"{_NASNET}, as listed by DARTS",
        f"{_NASNET_NORMAL} 2 3 4 5 6",
        f"{_NASNET_REDUCE} 4 5 6",
    ),
    "AmoebaNet_A_tpu": _published(
        f"{_AMOEBA}, as coded for TPUs",
        "avg~1 max~1 | sep3~0 skip~0 | skip~1 avg~0 | sep3~1 sep5~2 | avg~5 sep3~1 "
        "; concat 0 3 4 6",
        "sep3~0 avg~1 | max~1 sep7~2 | max~0 max~1 | sep3~4 conv7~1 | avg~0 sep7~1 "
        "; concat 2 3 4 5 6",
    ),
    "AmoebaNet_A_darts": _published(
        f"{_AMOEBA}, as listed by DARTS",
        "avg~0 max~1 | sep3~0 sep5~2 | sep3~0 avg~3 | sep3~1 skip~1 | skip~0 avg~1 ; concat 4 5 6",
        "avg~0 sep3~1 | max~0 sep7~2 | sep7~0 avg~1 | max~0 max~1 | conv7~0 sep3~5 ; concat 3 4 6",
    ),
    "PNAS": _published(
        "Liu et al. 2018, PNAS, arXiv:1712.00559",
        f"{_PNAS_CELL} ; concat 2 3 4 5 6",
        f"{_PNAS_CELL} ; concat 2 3 4 5 6",
    ),
    "GDAS_V1": _published(
        "Dong & Yang 2019, GDAS, arXiv:1910.04465",
        "skip~0 skip~1 | skip~0 sep5~2 | sep3~3 skip~0 | sep5~4 sep3~3 ; concat 2 3 4 5",
        "sep5~0 sep3~1 | sep5~2 sep5~1 | dil5~2 sep3~1 | sep5~0 sep5~1 ; concat 2 3 4 5",
    ),
    "PC_DARTS_cifar": _published(
        f"{_PC_DARTS}, searched on CIFAR-10",
        "sep3~1 skip~0 | sep3~0 dil3~1 | sep5~0 sep3~1 | avg~0 dil3~1 ; concat 2 3 4 5",
        "sep5~1 max~0 | sep5~1 sep5~2 | sep3~0 sep3~3 | sep3~1 sep3~2 ; concat 2 3 4 5",
    ),
    "PC_DARTS_image": _published(
        f"{_PC_DARTS}, searched on ImageNet",
        "skip~1 sep3~0 | sep3~0 skip~1 | sep3~1 sep3~3 | sep3~1 dil5~4 ; concat 2 3 4 5",
        "sep3~0 skip~1 | dil5~2 max~1 | sep3~2 sep3~1 | sep5~0 sep3~3 ; concat 2 3 4 5",
    ),
    "P_DARTS": _published(
        "Chen, Xie, Wu & Tian 2019, P-DARTS, arXiv:1904.12760",
        "skip~0 dil3~1 | skip~0 sep3~1 | sep3~1 sep3~3 | sep3~0 dil5~4 ; concat 2 3 4 5",
        "avg~0 sep5~1 | sep3~0 dil5~2 | max~0 dil3~1 | dil3~1 dil5~3 ; concat 2 3 4 5",
    ),
    "ENAS_micro": _published(
        "Pham, Guan, Zoph, Le & Dean 2018, ENAS, arXiv:1802.03268, as released",
        "avg~0 sep3~0 | skip~0 sep5~0 | skip~0 sep5~1 | sep3~1 sep5~0 | avg~0 sep5~1 "
        "; concat 2 3 4 5 6",
        "sep3~1 sep3~1 | max~0 avg~0 | sep5~1 sep5~3 | sep3~1 skip~0 | max~0 sep5~1 "
        "; concat 2 4 5 6",
    ),
}

# their normal cells were searched beside a reduction cell that was made by hand: networks of them
# are built within `papers.cells.network.hand_made.available()`
HAND_REDUCED = {
    "GDAS_F1": Published(
        Genotype.of(
            _cell(
                "skip~0 skip~1 | skip~0 sep3~2 | skip~0 sep3~2 | skip~0 sep3~2 ; concat 2 3 4 5"
            ),
            HAND_MADE,
        ),
        "Dong & Yang 2019, GDAS (FRC), arXiv:1910.04465",
    ),
}


# -- ENAS's whole network -------------------------------------------------------------------------


@dataclass(frozen=True)
class Macro:
    """ENAS's macro architecture: for each layer an operation and the earlier tensors it joins.

    `ops` are numbers of `MACRO_OPS`. Bit i of `skips[layer]` joins tensor i: 0 is the stem and
    i + 1 the output of layer i; the direct predecessor is always read.
    """

    ops: tuple[int, ...]
    skips: tuple[tuple[bool, ...], ...]
    citation: str


MACRO_OPS = (
    "conv_3x3", "sep_conv_3x3", "conv_5x5", "sep_conv_5x5", "avg_pool_3x3", "max_pool_3x3",
)  # fmt: skip

_ENAS_SKIPS = (
    "- 0 10 001 0000 11010 000001 0110111 01110101 000000000 0000010000 10011000011 010000010110 "
    "0010001110101 11010100000100 001000000010101 0100010011110010 00001010100101001 "
    "011010000010101000 0110000000001100001 10010110001000001100 010110010110110100100 "
    "1010100000000101001000 11000111010001010011000"
)

ENAS_MACRO = Macro(
    tuple(int(op) for op in "030223221020210222330300"),
    tuple(tuple(bit == "1" for bit in bits.strip("-")) for bits in _ENAS_SKIPS.split()),
    "Pham et al. 2018, ENAS, arXiv:1802.03268, as released: 24 layers",
)
