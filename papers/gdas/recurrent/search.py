"""GDAS's search of a recurrent cell (Alg. 1 on language models), then its evaluation.

One sample serves all time steps and streams of a window; w and alpha each have one of their own.

Symbols: w `model`, alpha `relaxation`. Shapes: E edges, O operations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from papers.cells.supernet.bilevel import Optimizers, Problem, rate
from papers.cells.supernet.relaxation import Relaxation
from papers.gdas.halves import Halves
from papers.gdas.recurrent.cell_fast import FastSampledCell
from papers.gdas.recurrent.released import NeverReset
from papers.gdas.sampler import Sampler
from papers.text import architecture, evaluation, search
from papers.text.cell import OPERATIONS, offset
from papers.text.cell_fast import FastMixedRecurrentCell
from papers.text.corpus import Corpus
from papers.text.published import Recurrent
from papers.text.search import CELL
from papers.text.windows import TextWindow

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.gdas.recurrent.config import RecurrentSearch


def run(config: RecurrentSearch, trial: Trial) -> Iterator[Row]:
    """Search by samples, derive a cell, train it from scratch, and report it."""
    corpus = evaluation.load(config, trial)
    yield from search.run(Sampled(config, corpus, trial), trial)


class Sampled(search.LanguageSearch):
    """The search network under samples; its rows say how sure alpha is."""

    config: RecurrentSearch
    relaxation: Relaxation

    def __init__(self, config: RecurrentSearch, corpus: Corpus, trial: Trial) -> None:
        kind = FastMixedRecurrentCell if config.released else FastSampledCell
        super().__init__(config, corpus, trial, kind(config.nodes, config.search_width))
        self.sampled = () if config.released else (True,)  # what the cell takes besides a sample
        edges = (OPERATIONS,) * offset(config.nodes + 1)
        relaxation = Relaxation({CELL: edges}, config.alpha_init, trial.stream("alpha"))
        self.relaxation = relaxation.to(trial.device)
        self.sampler, self.halves = Sampler(config, trial.stream("gumbel")), Halves()
        weights, alphas = tuple(self.model.parameters()), tuple(self.relaxation.parameters())
        problem = Problem(weights, alphas, self.loss, self.loss)
        if config.released:
            self.optimizers: Optimizers[TextWindow] = NeverReset(problem, config)
        else:
            self.optimizers = Optimizers(problem, config, "weights_first", config.unsampled)

    @property
    def stateful(self) -> dict[str, Any]:
        """Everything that a resumed search restores."""
        return {**super().stateful, "sampler": self.sampler, "halves": self.halves}

    def rate(self, turn: int) -> float:
        """Return w's learning rate at a turn, for a window of the usual length."""
        return rate(self.config, turn, self.trial.meter.horizon("search"))

    def loss(self, window: TextWindow) -> Tensor:
        """Return the loss of a window under a fresh sample."""
        sample = self.sampler(self.relaxation, CELL)
        return self.model.loss(window, sample, *self.sampled)

    def update(self, turn: int) -> None:
        """Update w and alpha at the turn's temperature."""
        horizon = self.trial.meter.horizon("search")
        self.sampler.cool(turn, horizon)
        super().update(turn)
        self.halves.note(self.relaxation, turn, horizon)

    # -- what it has come to ----------------------------------------------------------------------

    def cells(self) -> dict[str, str]:
        """Return the paper's cell and the release's, whose nodes may have drawn `none`."""
        return {**super().cells(), "cell_release": architecture.text(self.released())}

    def released(self) -> Recurrent:
        """Return the cell as the authors' code derives it: `none` may be the strongest."""
        weights = self.relaxation.weights(CELL)
        return architecture.derive(weights, self.config.nodes, OPERATIONS)

    def quality(self) -> dict[str, float]:
        """Return the supernet's validation, alpha's state, and what the derived cells are.

        `path_loss`: the validation of the paper's cell with the shared weights; `nones`: nodes
        that the release's derivation leaves without an operation; `derivations_agree`: the share
        of nodes on which both are one; `halves_agree`: the same of the cells of both halves of the
        last epochs.
        """
        paper, release = self.derived(), self.released()
        halves = self.halves.derived(self._of)
        return {
            **super().quality(),
            "path_loss": self.val_loss(path(paper).to(self.model.embedding), *self.sampled),
            "tau": self.sampler.tau,
            "nones": sum(name == "none" for name, _ in release.nodes),
            "derivations_agree": agreement(paper, release),
        } | ({"halves_agree": agreement(*halves)} if halves else {})

    def _of(self, weights: Mapping[str, Tensor]) -> Recurrent:
        return architecture.derive(weights[CELL], self.config.nodes)


def path(cell: Recurrent) -> Tensor:
    """Return the weights (E, O) under which the search network runs a cell and nothing else."""
    weights = torch.zeros(offset(len(cell.nodes) + 1), len(OPERATIONS))
    weights[:, OPERATIONS.index("none")] = 1
    for node, (name, state) in enumerate(cell.nodes, start=1):
        edge = offset(node) + state
        weights[edge] = 0
        weights[edge, OPERATIONS.index(name)] = 1
    return weights


def agreement(one: Recurrent, other: Recurrent) -> float:
    """Return the share of nodes that have the same state and operation in both cells."""
    return sum(a == b for a, b in zip(one.nodes, other.nodes, strict=True)) / len(one.nodes)
