"""The numbers of the recurrent studies: how a cell is searched, and what is counted.

[P] the paper (arXiv:1806.09055v2, Sec. 3.1, App. A.1.2), [C] its authors' code, [ours] chosen
here. The defaults search on the whole of WikiText-2; `papers/text/config.py` has the training.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, positive, within
from papers.darts.config import Darts
from papers.text.config import Language


@dataclass(frozen=True)
class RecurrentSearch(Darts, Language):
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
    nodes: int = 8  # [P]
    search_steps: int = 12_000  # [P] 50 epochs, of WikiText-2
    search_batch: int = 256  # [P]
    search_bptt: int = 35  # [P]
    search_width: int = 300  # [P]
    search_word_dropout: float = 0.0  # [P]
    search_hidden_dropout: float = 0.25  # [P]
    search_every: int = 240  # [ours] steps between two validations of the supernet: an epoch

    def __post_init__(self) -> None:
        Darts.__post_init__(self)
        Language.__post_init__(self)
        if self.union:
            raise Refused("union=True: the recurrent search trains alpha on validation text only")
        if not self.moves_embedding and self.gradient != "second_order":
            raise Refused(
                f"moves_embedding=False, gradient={self.gradient}: only second_order, by finite "
                "differences, has a virtual step that may leave it"
            )
        within(self, "nodes", 1, 100)
        positive(self, "search_steps", "search_batch", "search_bptt")
        positive(self, "search_width", "search_every")
        for name in ("word", "hidden"):
            within(self, f"search_{name}_dropout", 0, 0.95)


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


def refuse_single(config: RecurrentSearch) -> None:
    """Refuse batches of one: the search normalises over the rows of a batch."""
    for name in ("search_batch", "val_batch"):
        within(config, name, 2)


REFUSALS = {RecurrentSearch: refuse_single}  # asked by the plan, before any work
