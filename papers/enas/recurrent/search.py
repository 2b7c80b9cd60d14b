"""The search of a recurrent cell (Sec. 2.1 and 3.1), then its evaluation.

Shared weights are trained on windows of the training text, along the path of one cell a window;
the hidden state goes on from window to window, whichever cell made it. Theta is trained on windows
of other text, from a state of 0, and the candidates are compared on a third.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import exp
from random import Random
from statistics import fmean
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from harness.training import optim, text
from papers.cells.searcher.policy import Controller
from papers.enas.policy import Code, Score, Uniform, policy_of
from papers.enas.recurrent.cell import SharedRecurrentCell, decode, uniform
from papers.enas.recurrent.controller import RecurrentController
from papers.enas.rounds import Rounds
from papers.text import architecture, evaluation
from papers.text import search as text_search
from papers.text.corpus import Corpus
from papers.text.network import LanguageModel, build, cross_entropy
from papers.text.published import Recurrent
from papers.text.windows import Reader

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.enas.recurrent.config import RecurrentSearch

SHOWN = 8  # cells that a row tells of
LEAST = -700.0  # of a logarithm whose exponential is asked for


def run(config: RecurrentSearch, trial: Trial) -> Iterator[Row]:
    """Search, derive a cell, train it from scratch, and report it."""
    corpus = evaluation.load(config, trial)
    yield from text_search.run(CellSearch(config, corpus, trial), trial)


class CellSearch(Rounds[Recurrent]):
    """The shared weights in their language model, the policy, and the three texts."""

    def __init__(self, config: RecurrentSearch, corpus: Corpus, trial: Trial) -> None:
        def controller() -> Controller:
            own = RecurrentController(config.preset, trial.stream("theta"), config.nodes)
            return own.to(trial.device)

        def draw(stream: Random) -> Code:
            return uniform(config.nodes, stream)

        policy = policy_of(config, draw, controller, trial.stream)
        super().__init__(config, policy, decode)
        self.config, self.corpus, self.trial, self.draw = config, corpus, trial, draw
        cell = SharedRecurrentCell(config.nodes, config.search_width)
        model = LanguageModel(corpus.words, config.search_width, cell)
        self.model = build(model, config.reach, trial.stream("init"), trial.device)
        self.weights = tuple(self.model.parameters())
        self.optimizer = optim.unfused_sgd(
            self.weights, config.search_lr, weight_decay=config.search_decay
        )
        self.reader = Reader(
            corpus.train, text_search.reading(config, corpus), trial.stream("windows")
        )
        self.scored = torch.Generator().manual_seed(trial.stream("scored"))
        self.streams = text.streams(corpus.alpha, config.score_batch)

    @property
    def stateful(self) -> dict[str, Any]:
        """Everything that a resumed search restores."""
        own = {name: getattr(self, name) for name in ("model", "optimizer", "reader", "scored")}
        return {**super().stateful, **own}

    def update(self, turn: int) -> None:
        """Train w along the next path, at a round's end theta, at the search's end derive."""
        self.step(turn, self.trial.meter.horizon("search"))

    # -- training and scoring ---------------------------------------------------------------------

    def train(self, code: Code, turn: int, horizon: int) -> None:
        """Take a step on the next window; the rate is scaled by its length."""
        config, window = self.config, self.reader.next()
        rate = config.search_lr * len(window.inputs) / config.search_bptt
        optim.set_rate(self.optimizer, rate)
        loss = self.model.loss(window, self._given(code))
        optim.clipped_step(loss, self.weights, self.optimizer, config.search_clip)
        self.reader.carry(window)

    def common(self) -> Score:
        """Return what scores cells on one window, the same for all: reward / perplexity."""
        length = min(self.config.search_bptt, len(self.streams) - 1)
        last = len(self.streams) - length
        start = int(torch.randint(last, (), generator=self.scored))
        window = self.streams[start : start + length + 1]

        def score(codes: list[Code]) -> Tensor:
            losses = (self.loss(code, window) for code in codes)
            return torch.tensor([self.config.reward * exp(max(-loss, LEAST)) for loss in losses])

        return score  # type: ignore[return-value]

    @torch.no_grad()
    def loss(self, code: Code, window: Tensor) -> float:
        """Return the cross-entropy of a window (T + 1, B), read from a state of 0; a proxy."""
        hidden = self.reader.hidden.new_zeros(window.shape[1], self.config.search_width)
        logits, _ = self.model(window[:-1], hidden, None, self._given(code))
        value = float(F.cross_entropy(logits, window[1:].flatten()))
        return value if value == value else -LEAST  # of a cell whose states are no numbers

    def worth(self, code: Code) -> float:
        """Return minus the cross-entropy of the text that chooses."""
        config = self.config
        given = (config.val_batch, config.search_bptt, self._given(code))
        value = cross_entropy(self.model, self.corpus.val, *given)
        return -value if value == value else LEAST

    def _given(self, code: Code) -> Tensor:
        return torch.tensor(code)

    # -- what it has come to ----------------------------------------------------------------------

    def derived(self) -> Recurrent:
        """Return the best candidate."""
        return self.best

    def cells(self) -> dict[str, str]:
        """Return it as a line."""
        return {"cell": architecture.text(self.best)}

    def row(self) -> dict[str, float]:
        """Return the same as `quality`: cells are told when the search is over."""
        return self.quality()

    def quality(self) -> dict[str, float]:
        """Return how well cells do with shared weights: drawn by the policy, and uniformly."""
        seed, window = self.trial.stream("shown"), self.streams[: self.config.search_bptt + 1]
        own = self.policy.shown(SHOWN, seed)
        others = Uniform(self.draw, seed).draw(SHOWN)
        values = {
            "sampled_loss": fmean(self.loss(code, window) for code in own),
            "uniform_loss": fmean(self.loss(code, window) for code in others),
            **self.policy.row(),
        }
        if self.found:
            values["shared_loss"] = -max(self.found["scores"])
        return values

    def flops(self) -> float:
        """Return the FLOPs of a step in the mean, with its share of scoring and deriving."""
        config, words = self.config, len(self.corpus.val)
        passes = config.search_steps * config.search_batch * config.search_bptt
        forward = float(config.candidates * words)
        if config.policy == "controller":
            rounds = min(config.rounds, config.search_steps)
            window = config.score_batch * min(config.search_bptt, len(self.streams) - 1)
            forward += rounds * config.updates * config.samples * window
        return self.model.pass_flops(1) * (passes + forward / 3) / config.search_steps
