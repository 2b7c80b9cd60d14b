"""The search of a recurrent cell on two texts, and the training from scratch of what it finds.

The weights w of the search network are trained on windows of the training text and alpha on
windows of other text, each with a hidden state of its own that goes on from window to window (Liu
et al. 2019, DARTS, arXiv:1806.09055v2, Sec. 3.1). A searcher brings alpha, and how both are
updated; what it returns is derived from alpha and trained like any other cell.

Shapes: E edges, O operations.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from torch import Tensor

from harness.training import loop
from papers.text import architecture, evaluation
from papers.text.cell import RecurrentCell
from papers.text.corpus import Corpus
from papers.text.network import LanguageModel, build, cross_entropy
from papers.text.published import Recurrent
from papers.text.windows import DropoutRates, Lengths, Reader, Reading, TextWindow

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.text.config import SearchedCell

CELL = "recurrent"  # the one type of cell, as alpha names it


class Alpha(Protocol):
    """Alpha and its softmax; `papers.cells.supernet.relaxation.Relaxation` is one."""

    def weights(self, name: str) -> Tensor:
        """Return the softmaxed rows of a type of cell, (E, O)."""
        ...

    def row(self) -> dict[str, float]:
        """Return how far alpha has come."""
        ...


class Updates(Protocol):
    """What updates alpha and w; `papers.cells.supernet.bilevel.Optimizers` is one."""

    last: dict[str, Tensor]

    @property
    def stateful(self) -> dict[str, Any]:
        """What a resumed search restores."""
        ...

    def step(self, train: TextWindow, val: TextWindow, lr: float) -> None:
        """Update w on a training window, at this rate, and alpha on one of other text."""
        ...


class Searching(Protocol):
    """A search of a recurrent cell, however it searches; `LanguageSearch` is one with an alpha."""

    @property
    def config(self) -> SearchedCell:
        """The numbers of the search and of the training."""
        ...

    @property
    def corpus(self) -> Corpus:
        """The texts."""
        ...

    @property
    def stateful(self) -> dict[str, Any]:
        """Everything that a resumed search restores."""
        ...

    def flops(self) -> float:
        """Return the FLOPs of a step."""
        ...

    def update(self, turn: int) -> None:
        """Take a step."""
        ...

    def derived(self) -> Recurrent:
        """Return the cell that it now stands for."""
        ...

    def cells(self) -> dict[str, str]:
        """Return that cell as a line."""
        ...

    def quality(self) -> dict[str, float]:
        """Return how well its network does with shared weights: a proxy."""
        ...

    def row(self) -> Row:
        """Return what is told while it searches."""
        ...


class LanguageSearch(ABC):
    """The search network and its two texts; a searcher adds `relaxation` and `optimizers`.

    `passes` is how many forward and backward passes a step takes.
    """

    relaxation: Alpha
    optimizers: Updates
    passes = 2

    def __init__(
        self, config: SearchedCell, corpus: Corpus, trial: Trial, cell: RecurrentCell
    ) -> None:
        self.config, self.corpus, self.trial = config, corpus, trial
        model = LanguageModel(corpus.words, config.search_width, cell)
        self.model = build(model, config.reach, trial.stream("init"), trial.device)
        how = reading(config, corpus)
        self.train = Reader(corpus.train, how, trial.stream("train windows"))
        whole = replace(how, lengths=replace(how.lengths, short=0.0), beta=0.0)
        self.alpha = Reader(corpus.alpha, whole, trial.stream("alpha windows"))

    @property
    def stateful(self) -> dict[str, Any]:
        """Everything that a resumed search restores."""
        own = {name: getattr(self, name) for name in ("model", "relaxation", "train", "alpha")}
        return {**own, **self.optimizers.stateful}

    @abstractmethod
    def rate(self, turn: int) -> float:
        """Return w's learning rate at a turn, for a window of the usual length."""

    def loss(self, window: TextWindow) -> Tensor:
        """Return the loss of a window with the weights and the alphas that there are now."""
        return self.model.loss(window, self.relaxation.weights(CELL))

    def update(self, turn: int) -> None:
        """Update alpha and w, each on the next window of its text."""
        train, alpha = self.train.next(), self.alpha.next()
        lr = self.rate(turn) * len(train.inputs) / self.config.search_bptt
        self.optimizers.step(train, alpha, lr)
        self.train.carry(train)
        self.alpha.carry(alpha)

    def flops(self) -> float:
        """Return the FLOPs of a step on windows of the usual length."""
        words = self.config.search_batch * self.config.search_bptt
        return self.passes * self.model.pass_flops(words)

    # -- what it has come to ----------------------------------------------------------------------

    def derived(self) -> Recurrent:
        """Return the cell that alpha now stands for."""
        return architecture.derive(self.relaxation.weights(CELL), self.config.nodes)

    def cells(self) -> dict[str, str]:
        """Return that cell as a line."""
        return {"cell": architecture.text(self.derived())}

    def quality(self) -> dict[str, float]:
        """Return the supernet's validation, with the statistics of each batch, and alpha's."""
        loss = self.val_loss(self.relaxation.weights(CELL))
        named = {"supernet_loss": loss, "supernet_perplexity": evaluation.perplexity(loss)}
        return {**named, **self.relaxation.row()}

    def val_loss(self, *mixture: Tensor | bool) -> float:
        """Return the validation text's cross-entropy under the search network, in nats."""
        batch, length = self.config.val_batch, self.config.search_bptt
        return cross_entropy(self.model, self.corpus.val, batch, length, *mixture)

    def row(self) -> Row:
        """Return the same, and what the newest steps had."""
        newest = {name: float(value) for name, value in self.optimizers.last.items()}
        return {**self.quality(), **newest, **self.cells()}


def run(found: Searching, trial: Trial) -> Iterator[Row]:
    """Search, derive a cell, train it from scratch, and report it."""
    config, meter = found.config, trial.meter
    trial.restore(**found.stateful)
    meter.count_flops("search", found.flops())

    def measure(turn: int) -> Iterator[Row]:
        yield {"at": turn + 1, **found.row()}

    yield from loop.fit(meter, "search", found.update, measure, config.search_every)
    genotype = found.derived()
    training = evaluation.start(genotype, config, found.corpus, trial)
    yield from evaluation.fit(training, trial, "retrain")
    architecture.save(genotype, trial.artifacts)
    told = {**found.cells(), "corpus": config.corpus}
    yield {**found.quality(), **training.scores(), **told}


def reading(config: SearchedCell, corpus: Corpus) -> Reading:
    """Return how the search reads the training text."""
    rates = DropoutRates(
        config.search_word_dropout,
        config.embedding_dropout,
        config.x_dropout,
        config.search_hidden_dropout,
        config.output_dropout,
    )
    lengths, width = Lengths(config.search_bptt, config.short), config.search_width
    return Reading(config.search_batch, lengths, rates, config.beta, width, corpus.words)
