"""The search of a recurrent cell (Alg. 1 on language models, Sec. 3.1), then its evaluation.

All passes of a step over one window see the same dropout masks: with others a finite difference
would difference the masks.

Symbols: w `model`, alpha `relaxation`. Shapes: E edges, O operations.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from torch import Tensor

from harness.training.optim import placed
from papers.cells.supernet.bilevel import Hypergradient, Problem, clipped, gradients, rate
from papers.cells.supernet.relaxation import Relaxation
from papers.darts.bilevel import Architect, VirtualStep, finite_difference, virtual_weights
from papers.darts.config import PASSES, Darts
from papers.text import evaluation, search
from papers.text.cell import OPERATIONS, offset
from papers.text.cell_fast import FastMixedRecurrentCell
from papers.text.corpus import Corpus
from papers.text.search import CELL
from papers.text.windows import TextWindow

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.darts.recurrent import config as configs


def run(config: configs.RecurrentSearch, trial: Trial) -> Iterator[Row]:
    """Search, derive a cell, train it from scratch, and report it."""
    corpus = evaluation.load(config, trial)
    yield from search.run(LanguageSearch(config, corpus, trial), trial)


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


class LanguageSearch(search.LanguageSearch):
    """The search network under a mixture of all operations, and the optimizers of Alg. 1."""

    config: configs.RecurrentSearch

    def __init__(self, config: configs.RecurrentSearch, corpus: Corpus, trial: Trial) -> None:
        supernet = FastMixedRecurrentCell(config.nodes, config.search_width)
        super().__init__(config, corpus, trial, supernet)
        self.passes = PASSES[config.gradient]
        edges = (OPERATIONS,) * offset(config.nodes + 1)
        relaxation = Relaxation({CELL: edges}, config.alpha_init, trial.stream("alpha"))
        self.relaxation = relaxation.to(trial.device)
        weights, alphas = tuple(self.model.parameters()), tuple(self.relaxation.parameters())
        problem = Problem(weights, alphas, self.loss, self.loss)
        self.optimizers = Clipped(problem, config)
        if not config.moves_embedding:
            self.optimizers = AsReleased(problem, config, self.model.embedding)

    def rate(self, turn: int) -> float:
        """Return w's learning rate at a turn, for a window of the usual length."""
        return rate(self.config, turn, self.trial.meter.horizon("search"))
