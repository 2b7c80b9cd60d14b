"""Recurrent cells that were published (`relu~1`: ReLU of state 1; state 0 is the root)."""

from __future__ import annotations

from dataclasses import dataclass

_DARTS = "Liu, Simonyan & Yang 2019, DARTS, arXiv:1806.09055"


@dataclass(frozen=True)
class Recurrent:
    """A recurrent cell: (activation, state) for nodes 1, 2, ...; state 0 is the root.

    The output is the mean of the states in `concat`.
    """

    nodes: tuple[tuple[str, int], ...]
    concat: tuple[int, ...]
    citation: str


def _recurrent(citation: str, text: str, concat: tuple[int, ...]) -> Recurrent:
    pairs = (entry.split("~") for entry in text.split())
    return Recurrent(tuple((name, int(state)) for name, state in pairs), concat, citation)


RECURRENT = {
    "DARTS_V1": _recurrent(
        f"{_DARTS}, first order, Penn Treebank",
        "relu~0 relu~1 tanh~2 relu~3 relu~4 identity~1 relu~5 relu~1",
        (1, 2, 3, 4, 5, 6, 7, 8),
    ),
    "DARTS_V2": _recurrent(
        f"{_DARTS}, second order, Penn Treebank",
        "sigmoid~0 relu~1 relu~1 identity~1 tanh~2 sigmoid~5 tanh~3 relu~5",
        (1, 2, 3, 4, 5, 6, 7, 8),
    ),
    "GDAS": _recurrent(
        "Dong & Yang 2019, GDAS, arXiv:1910.04465, Penn Treebank, as its release lists it",
        "relu~0 relu~0 identity~1 relu~1 tanh~0 relu~2 identity~4 identity~2",
        (1, 2, 3, 4, 5, 6, 7, 8),
    ),
    "ENAS": _recurrent(
        "Pham et al. 2018, ENAS, arXiv:1802.03268, Penn Treebank, as listed by DARTS",
        "tanh~0 tanh~1 relu~1 tanh~3 tanh~3 relu~3 relu~4 relu~7 relu~8 relu~8 relu~8",
        (2, 5, 6, 9, 10, 11),
    ),
}

# ENAS's recurrent cell as its first release writes it: the root's activation, then the state that
# a node reads and its activation; states count from the root, activations are tanh, relu,
# identity, sigmoid.
ENAS_RECURRENT_TOKENS = (0, 0, 0, 1, 1, 2, 1, 2, 0, 2, 0, 5, 1, 1, 0, 6, 1, 8, 1, 8, 1, 8, 1)
