"""The numbers of the recurrent studies: how a cell is searched, and what is counted.

[P] the paper (arXiv:1806.09055v2, Sec. 3.1, App. A.1.2), [C] its authors' code, [ours] chosen
here. The defaults search on the whole of WikiText-2; `papers/text/config.py` has the training.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, positive
from papers.darts.config import Darts
from papers.text.config import SearchedCell


@dataclass(frozen=True)
class RecurrentSearch(Darts, SearchedCell):
    """A search, and the training of the cell that it derives.

    `moves_embedding`: whether the virtual step moves the embedding, which is the decoder too, with
    the other weights (Eq. 6); the authors' code leaves it where it was.
    """

    gradient: str = "second_order"
    alpha_lr: float = 3e-3  # [P]
    alpha_beta1: float = 0.9  # [P]
    lr: float = 20.0  # [P] SGD without momentum, times length / bptt
    lowest_lr: float = 20.0  # [P] constant
    momentum: float = 0.0  # [P]
    weight_decay: float = 5e-7  # [P]
    clip: float = 0.25  # [P] of w's gradient, in the virtual step as well [C]
    moves_embedding: bool = True  # [P] Eq. 6; [C] False

    def __post_init__(self) -> None:
        Darts.__post_init__(self)
        SearchedCell.__post_init__(self)
        if self.union:
            raise Refused("union=True: the recurrent search trains alpha on validation text only")
        if not self.moves_embedding and self.gradient != "second_order":
            raise Refused(
                f"moves_embedding=False, gradient={self.gradient}: only second_order, by finite "
                "differences, has a virtual step that may leave it"
            )


@dataclass(frozen=True)
class RecurrentSizes:
    """The networks whose numbers are counted: vocabulary and width of the paper's three."""

    ptb_words: int = 10_000  # [P]
    ptb_width: int = 850  # [P]
    wt2_words: int = 33_278  # [P]
    wt2_width: int = 700  # [P]
    search_width: int = 300  # [P] on Penn Treebank
    nodes: int = 8  # [P]

    def __post_init__(self) -> None:
        positive(self, *self.__dataclass_fields__)
