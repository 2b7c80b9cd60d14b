"""How others name the same operations: NAS-Bench-201's and AutoDL's names, NASLib's numbers.

NAS-Bench-201 (arXiv:2001.00326) orders edges by target as this project does and has longer names.
NASLib orders them by source, (1,2) (1,3) (1,4) (2,3) (2,4) (3,4), and its operations are numbered
identity, zero, 3x3, 1x1, average. Mixing the two orders is a silent error, so nothing but these
functions translates. AutoDL-Projects, GDAS's later home, has names of its own for DARTS's
convolutions.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.paper import Refused
from papers.cells.space.edge import NB201, Code

NB201_NAMES = {
    "none": "none",
    "skip_connect": "skip",
    "nor_conv_1x1": "c1",
    "nor_conv_3x3": "c3",
    "avg_pool_3x3": "avg",
}
AUTODL_NAMES = {  # in cells of nodes
    "dua_sepc_3x3": "sep_conv_3x3",
    "dua_sepc_5x5": "sep_conv_5x5",
    "dil_sepc_3x3": "dil_conv_3x3",
    "dil_sepc_5x5": "dil_conv_5x5",
    "nor_conv_1x1": "conv_1x1",
    "nor_conv_3x3": "conv_3x3",
}
NASLIB_OPS = ("skip", "none", "c3", "c1", "avg")
NASLIB_EDGES = tuple(sorted(NB201.edges))  # by source, then by target


def to_nb201(code: Code) -> str:
    """Return a code of `NB201` as NAS-Bench-201 writes it."""
    text = NB201.text(code)
    for theirs, ours in NB201_NAMES.items():
        text = text.replace(f"|{ours}~", f"|{theirs}~")
    return text


def from_naslib(numbers: Sequence[int]) -> Code:
    """Return the code in `NB201` of NASLib's six operation numbers.

    Raises:
        Refused: not six numbers, or one that names no operation; with its position.
    """
    if len(numbers) != len(NASLIB_EDGES):
        raise Refused(f"{tuple(numbers)}: NASLib has {len(NASLIB_EDGES)} edges")
    for place, number in enumerate(numbers):
        if not 0 <= number < len(NASLIB_OPS):
            raise Refused(f"{tuple(numbers)}: entry {place} is {number}; there are 0 to 4")
    names = dict(zip(NASLIB_EDGES, (NASLIB_OPS[n] for n in numbers), strict=True))
    return NB201.code(tuple(names[edge] for edge in NB201.edges))


def to_naslib(code: Code) -> tuple[int, ...]:
    """Return NASLib's six operation numbers of a code of `NB201`."""
    names = dict(zip(NB201.edges, NB201.names(code), strict=True))
    return tuple(NASLIB_OPS.index(names[edge]) for edge in NASLIB_EDGES)
