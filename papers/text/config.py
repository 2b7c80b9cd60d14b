"""The numbers of a language model of one recurrent cell: its text, and how it is trained.

The defaults are those of DARTS on the whole of WikiText-2: [P] arXiv:1806.09055v2 (Sec. 3.2,
App. A.1.2 and A.2.2), [C] its authors' code, [I] an issue thread, [ours] chosen here. A paper with
other numbers gives its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, positive, require, within
from papers.text.published import RECURRENT

CORPORA = ("wikitext2-full", "wikitext2-valid", "grammar")


@dataclass(frozen=True)
class Language:
    """A corpus, and how every cell is trained on it: SGD, then averaged SGD.

    `corpus`: `wikitext2-full` is WikiText-2's three files; `wikitext2-valid` splits the stored
    validation file 80/10/10 and tests on the test file; `grammar` is generated. Averaging begins
    when validation has not become better for `patience` validations, or after the share
    `switch_by` of the steps.
    """

    corpus: str = "wikitext2-full"
    words: int = 0  # [ours] most frequent training words that the vocabulary keeps; 0: all
    test_tokens: int = 0  # [ours] of the test text, from its start; 0: all
    val_batch: int = 10  # [P]
    test_batch: int = 1  # [P]
    width: int = 700  # [P] of embedding and state, WikiText-2; 850 on Penn Treebank
    retrain_steps: int = 3_400_000  # [I] 3,600 epochs until it converges
    retrain_batch: int = 64  # [P]
    retrain_bptt: int = 35  # [P]
    spread: float = 5.0  # [C] standard deviation of the windows' lengths
    shortest: int = 5  # [C]
    longest: int = 55  # [C]
    short: float = 0.05  # [C] probability of half the length, in the search as well
    retrain_lr: float = 20.0  # [P] times length / bptt
    retrain_decay: float = 5e-7  # [P] WikiText-2; 8e-7 on Penn Treebank
    retrain_clip: float = 0.25  # [P]
    patience: int = 5  # [C]
    switch_by: float = 1.0  # [ours] never by itself
    every: int = 950  # [ours] steps between two validations: an epoch of WikiText-2
    word_dropout: float = 0.1  # [P] rows of the embedding
    embedding_dropout: float = 0.2  # [P]
    x_dropout: float = 0.75  # [P]
    hidden_dropout: float = 0.15  # [P] WikiText-2; .25 on Penn Treebank
    output_dropout: float = 0.75  # [P]
    beta: float = 1e-3  # [P] temporal activation regularisation
    reach: float = 0.04  # [C] initial weights are U(-reach, reach)

    def __post_init__(self) -> None:
        require(self.corpus, CORPORA, "corpus")
        for name in ("words", "test_tokens", "spread", "retrain_decay", "beta"):
            within(self, name, 0)
        positive(self, "val_batch", "test_batch", "width", "retrain_steps", "retrain_batch")
        positive(self, "retrain_bptt", "shortest", "patience", "every")
        for name in ("word", "embedding", "x", "hidden", "output"):
            within(self, f"{name}_dropout", 0, 0.95)
        within(self, "longest", self.shortest)
        within(self, "short", 0, 1)
        within(self, "switch_by", 0, 1)
        within(self, "retrain_lr", 1e-9, 1000)
        within(self, "retrain_clip", 1e-9)
        within(self, "reach", 1e-9, 10)


@dataclass(frozen=True)
class SearchedCell(Language):
    """The search network, how its windows are read, and the training of the cell that it finds."""

    nodes: int = 8  # [P]
    search_steps: int = 12_000  # [P] 50 epochs, of WikiText-2
    search_batch: int = 256  # [P]
    search_bptt: int = 35  # [P]
    search_width: int = 300  # [P]
    search_word_dropout: float = 0.0  # [P]
    search_hidden_dropout: float = 0.25  # [P]
    search_every: int = 240  # [ours] steps between two validations of the supernet: an epoch

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self, "nodes", 1, 100)
        positive(self, "search_steps", "search_batch", "search_bptt")
        positive(self, "search_width", "search_every")
        for name in ("word", "hidden"):
            within(self, f"search_{name}_dropout", 0, 0.95)


@dataclass(frozen=True)
class PublishedCell(Language):
    """A published cell, trained like any other."""

    cell: str = "DARTS_V2"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.cell, RECURRENT, "recurrent cell")


@dataclass(frozen=True)
class RandomCells(Language):
    """Cells drawn uniformly, each trained by the recipe; the best by validation is reported."""

    nodes: int = 8  # [P]
    candidates: tuple[int, ...] = tuple(range(8))  # [P] eight; their numbers name random streams

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self, "nodes", 1, 100)
        if not self.candidates or len(set(self.candidates)) < len(self.candidates):
            raise Refused(f"candidates={self.candidates}: must be different numbers, at least one")


def refuse_short(config: Language) -> None:
    """Refuse a test text that is shorter than two tokens in each of its streams."""
    if config.test_tokens:
        within(config, "test_tokens", 2 * config.test_batch)


def refuse_single(config: SearchedCell) -> None:
    """Refuse batches of one: the search normalises over the rows of a batch."""
    for name in ("search_batch", "val_batch"):
        within(config, name, 2)


# asked by the plan, before any work
REFUSALS = {Language: refuse_short, SearchedCell: refuse_single}
