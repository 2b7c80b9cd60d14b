"""The search of a recurrent cell (Alg. 1 on language models, Sec. 3.1), then its evaluation.

w is updated on windows of the training text and alpha on windows of other text, each with a hidden
state of its own that goes on from window to window. All passes of a step over one window see the
same dropout masks: with others a finite difference would difference the masks.

Symbols: w `model`, alpha `relaxation`. Shapes: E edges, O operations.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from torch import Tensor

from harness.training import loop
from harness.training.optim import placed
from papers.cells.supernet.bilevel import Hypergradient, Problem, clipped, gradients, rate
from papers.cells.supernet.relaxation import Relaxation
from papers.darts.bilevel import Architect, VirtualStep, finite_difference, virtual_weights
from papers.darts.config import PASSES, Darts
from papers.text import architecture, evaluation
from papers.text.cell import OPERATIONS, offset
from papers.text.cell_fast import FastMixedRecurrentCell
from papers.text.corpus import Corpus
from papers.text.network import LanguageModel, build, cross_entropy
from papers.text.published import Recurrent
from papers.text.windows import DropoutRates, Lengths, Reader, Reading, TextWindow

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.darts.recurrent import config as configs

CELL = "recurrent"  # the one type of cell


def run(config: configs.RecurrentSearch, trial: Trial) -> Iterator[Row]:
    """Search, derive a cell, train it from scratch, and report it."""
    corpus, meter = evaluation.load(config, trial), trial.meter
    search = LanguageSearch(config, corpus, trial)
    trial.restore(**search.stateful)
    meter.count_flops("search", search.flops())

    def measure(turn: int) -> Iterator[Row]:
        yield {"at": turn + 1, **search.row()}

    yield from loop.fit(meter, "search", search.update, measure, config.search_every)
    genotype = search.derived()
    training = evaluation.start(genotype, config, corpus, trial)
    yield from evaluation.fit(training, trial, "retrain")
    architecture.save(genotype, trial.artifacts)
    told = {"cell": architecture.text(genotype), "corpus": config.corpus}
    yield {**search.quality(), **training.scores(), **told}


class Clipped(Architect[TextWindow]):
    """The bilevel optimizers, with the clipping of w's gradient in the virtual step as well."""

    def virtual_step(self) -> VirtualStep:
        """Return what SGD would do next."""
        return replace(super().virtual_step(), clip=self.config.clip)


class AsReleased(Clipped):
    """The same, but the virtual step leaves the embedding where it was, as the authors' code does.

    It builds w' by `load_state_dict`, in which the tied embedding has two names and
    `named_parameters` gives one: under the other its old value is written back. Its gradient still
    counts, in both clipped norms and in v.
    """

    def __init__(self, problem: Problem[TextWindow], config: Darts, embedding: Tensor) -> None:
        super().__init__(problem, config)
        (self.left,) = (i for i, w in enumerate(problem.weights) if w is embedding)

    def hypergradient(self, train: TextWindow, val: TextWindow) -> Hypergradient:
        """Return the gradient of alpha: `bilevel.second_order` with another w'."""
        problem, step, count = self.problem, self.virtual_step(), len(self.problem.alphas)
        inner, factor = clipped(gradients(problem.loss(train), problem.weights), step.clip)
        moved = list(virtual_weights(problem.weights, inner, step))
        moved[self.left] = problem.weights[self.left].detach().clone()
        with placed(problem.weights, moved):
            both = gradients(problem.loss(val), (*problem.alphas, *problem.weights))
        v, _ = clipped(both[count:], step.clip)
        product = finite_difference(problem, train, v, self.config.radius)
        return Hypergradient(both[:count], tuple(step.lr * factor * h for h in product))


class LanguageSearch:
    """The supernet and alpha, the two texts that they are trained on, and their optimizers."""

    def __init__(self, config: configs.RecurrentSearch, corpus: Corpus, trial: Trial) -> None:
        self.config, self.corpus, self.trial = config, corpus, trial
        supernet = FastMixedRecurrentCell(config.nodes, config.search_width)
        model = LanguageModel(corpus.words, config.search_width, supernet)
        self.model = build(model, config.reach, trial.stream("init"), trial.device)
        edges = (OPERATIONS,) * offset(config.nodes + 1)
        relaxation = Relaxation({CELL: edges}, config.alpha_init, trial.stream("alpha"))
        self.relaxation = relaxation.to(trial.device)
        weights, alphas = tuple(self.model.parameters()), tuple(self.relaxation.parameters())
        problem = Problem(weights, alphas, self.loss, self.loss)
        self.optimizers = Clipped(problem, config)
        if not config.moves_embedding:
            self.optimizers = AsReleased(problem, config, self.model.embedding)
        how = reading(config, corpus)
        self.train = Reader(corpus.train, how, trial.stream("train windows"))
        whole = replace(how, lengths=replace(how.lengths, short=0.0), beta=0.0)
        self.alpha = Reader(corpus.alpha, whole, trial.stream("alpha windows"))

    @property
    def stateful(self) -> dict[str, Any]:
        """Everything that a resumed search restores."""
        own = {name: getattr(self, name) for name in ("model", "relaxation", "train", "alpha")}
        return {**own, **self.optimizers.stateful}

    def loss(self, window: TextWindow) -> Tensor:
        """Return the loss of a window with the weights and the alphas that there are now."""
        return self.model.loss(window, self.relaxation.weights(CELL))

    def update(self, turn: int) -> None:
        """Update alpha on the next window of its text, then w on that of the training text."""
        config, train, alpha = self.config, self.train.next(), self.alpha.next()
        horizon = self.trial.meter.horizon("search")
        lr = rate(config, turn, horizon) * len(train.inputs) / config.search_bptt
        self.optimizers.step(train, alpha, lr)
        self.train.carry(train)
        self.alpha.carry(alpha)

    def derived(self) -> Recurrent:
        """Return the cell that alpha now stands for."""
        return architecture.derive(self.relaxation.weights(CELL), self.config.nodes)

    def quality(self) -> dict[str, float]:
        """Return the supernet's validation, with the statistics of each batch, and alpha's."""
        batch, weights = self.config.val_batch, self.relaxation.weights(CELL)
        length = self.config.search_bptt
        loss = cross_entropy(self.model, self.corpus.val, batch, length, weights)
        named = {"supernet_loss": loss, "supernet_perplexity": evaluation.perplexity(loss)}
        return {**named, **self.relaxation.row()}

    def row(self) -> Row:
        """Return the same, and the two parts of alpha's last gradient."""
        parts = {name: float(value) for name, value in self.optimizers.last.items()}
        return {**self.quality(), **parts, "cell": architecture.text(self.derived())}

    def flops(self) -> float:
        """Return the FLOPs of a step on windows of the usual length: `PASSES` passes."""
        words = self.config.search_batch * self.config.search_bptt
        return PASSES[self.config.gradient] * self.model.pass_flops(words)


def reading(config: configs.RecurrentSearch, corpus: Corpus) -> Reading:
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
