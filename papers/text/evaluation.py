"""The training of a found cell from scratch: SGD, then averaged SGD (DARTS, Sec. 3.2).

Validation decides when averaging begins (the non-monotone trigger of averaged SGD) and which
weights a training that diverged goes back to. What is reported is the last state, never the best.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from harness.training import loop, metrics, optim
from papers.text import architecture
from papers.text.cell import DiscreteCell
from papers.text.corpus import Corpus
from papers.text.network import LanguageModel, build, cross_entropy
from papers.text.published import RECURRENT, Recurrent
from papers.text.windows import DropoutRates, Lengths, Reader, Reading

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.text.config import Language, PublishedCell

HIGHEST = 700.0  # nats; the exponential of more is no number


def perplexity(loss: float) -> float:
    """Return the exponential of a cross-entropy in nats."""
    return math.exp(min(loss, HIGHEST))


def non_monotone(losses: Sequence[float], loss: float, patience: int) -> bool:
    """Whether a loss is above the least of all earlier ones but the last `patience`."""
    return len(losses) > patience and loss > min(losses[:-patience])


class Average:
    """The mean of the weights after each step since it began (averaged SGD)."""

    def __init__(self, weights: Sequence[Tensor]) -> None:
        self.began, self.steps = False, 0
        self.mean = [torch.zeros_like(w, requires_grad=False) for w in weights]

    def add(self, weights: Sequence[Tensor]) -> None:
        """Count the weights as they are now; before it began, do nothing."""
        if self.began:
            self.steps += 1
            own = [w.detach() for w in weights]
            torch._foreach_lerp_(self.mean, own, 1 / self.steps)

    def of(self, weights: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Return the mean, or the weights themselves where nothing is averaged yet."""
        return tuple(self.mean) if self.steps else tuple(w.detach() for w in weights)

    def state_dict(self) -> dict[str, Any]:
        """Return the mean and how many steps it is of."""
        return {"began": self.began, "steps": self.steps, "mean": self.mean}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with another's mean."""
        self.began, self.steps = state["began"], state["steps"]
        torch._foreach_copy_(self.mean, state["mean"])


class LanguageTraining:
    """One cell with its language model, its windows, its average, and what validation said."""

    def __init__(
        self,
        genotype: Recurrent,
        config: Language,
        corpus: Corpus,
        seed: Callable[[str], int],
    ) -> None:
        where = corpus.train.device
        self.config, self.corpus = config, corpus
        model = LanguageModel(corpus.words, config.width, DiscreteCell(genotype, config.width))
        self.model = build(model, config.reach, seed("init"), where.type)
        self.weights = tuple(self.model.parameters())
        self.reader = Reader(corpus.train, reading(config, corpus), seed("windows"))
        self.optimizer = optim.unfused_sgd(
            self.weights, config.retrain_lr, weight_decay=config.retrain_decay
        )
        self.average = Average(self.weights)
        self.horizon = config.retrain_steps
        self.losses: list[float] = []
        self.rollbacks = 0
        self.sums = torch.zeros(2, dtype=torch.float64, device=where)
        self.best: dict[str, Any] = self._snapshot(math.inf)

    def update(self, turn: int) -> None:
        """Take one step of clipped SGD on the next window, its rate scaled by its length."""
        config, window = self.config, self.reader.next()
        rate = config.retrain_lr * len(window.inputs) / config.retrain_bptt
        optim.set_rate(self.optimizer, rate)
        loss = self.model.loss(window)
        optim.clipped_step(loss, self.weights, self.optimizer, config.retrain_clip)
        self.reader.carry(window)
        self.average.add(self.weights)
        self.sums += torch.stack([loss.detach().double(), torch.ones_like(self.sums[0])])
        if turn + 1 >= config.switch_by * self.horizon:
            self.average.began = True

    def judge(self) -> Row:
        """Validate; begin to average, keep the best, or go back to it where this is no number."""
        loss = self.loss(self.corpus.val, self.config.val_batch)
        if math.isfinite(loss):
            if non_monotone(self.losses, loss, self.config.patience):
                self.average.began = True
            self.losses.append(loss)
            if loss < self.best["loss"]:
                self.best = self._snapshot(loss)
        else:
            self._go_back()
            loss = self.loss(self.corpus.val, self.config.val_batch)
        total, steps = self.sums.tolist()
        self.sums.zero_()
        row = {"val_loss": loss, "val_perplexity": perplexity(loss), "epoch": self.reader.epoch}
        row |= {"averaged": self.average.steps, "rollbacks": self.rollbacks}
        return row | ({"train_loss": total / steps} if math.isfinite(total) and steps else {})

    def loss(self, encoded: Tensor, batch: int) -> float:
        """Return the cross-entropy of a text under the averaged weights, where there are any."""
        with optim.placed(self.weights, self.average.of(self.weights)):
            return cross_entropy(self.model, encoded, batch, self.config.retrain_bptt)

    def scores(self) -> dict[str, float]:
        """Return validation and test of what the weights are now, and how many they are."""
        val = self.loss(self.corpus.val, self.config.val_batch)
        test = self.loss(self.corpus.test, self.config.test_batch)
        return {
            "val_loss": val,
            "val_perplexity": perplexity(val),
            "test_loss": test,
            "test_perplexity": perplexity(test),
            "parameters": metrics.parameters(self.model),
            "averaged": self.average.steps,
            "rollbacks": self.rollbacks,
        }

    def flops(self) -> float:
        """Return the FLOPs of a step on a window of the usual length."""
        return self.model.pass_flops(self.config.retrain_batch * self.config.retrain_bptt)

    def state_dict(self) -> dict[str, Any]:
        """Return everything that a resumed training needs."""
        states = {
            name: getattr(self, name).state_dict() for name in ("model", "reader", "average")
        }
        plain = {name: getattr(self, name) for name in ("losses", "rollbacks", "sums", "best")}
        return {**states, **plain}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another training of this cell was."""
        for name in ("model", "reader", "average"):
            getattr(self, name).load_state_dict(state[name])
        self.losses, self.rollbacks = list(state["losses"]), state["rollbacks"]
        self.best = state["best"]
        self.sums.copy_(state["sums"])

    def _snapshot(self, loss: float) -> dict[str, Any]:
        weights = [w.detach().clone() for w in self.weights]
        average = {**self.average.state_dict(), "mean": [m.clone() for m in self.average.mean]}
        return {"loss": loss, "weights": weights, "average": average}

    @torch.no_grad()
    def _go_back(self) -> None:
        """Take the best weights again; h is no number either, so it begins at 0."""
        torch._foreach_copy_(list(self.weights), self.best["weights"])
        self.average.load_state_dict(self.best["average"])
        self.reader.hidden = torch.zeros_like(self.reader.hidden)
        self.rollbacks += 1


def lengths_of(config: Language) -> Lengths:
    """Return how long the windows of the evaluation phase are."""
    bounds = (config.spread, config.shortest, config.longest)
    return Lengths(config.retrain_bptt, config.short, *bounds)


def reading(config: Language, corpus: Corpus) -> Reading:
    """Return how the evaluation phase reads the training text."""
    rates = DropoutRates(
        config.word_dropout,
        config.embedding_dropout,
        config.x_dropout,
        config.hidden_dropout,
        config.output_dropout,
    )
    lengths, width = lengths_of(config), config.width
    return Reading(config.retrain_batch, lengths, rates, config.beta, width, corpus.words)


def load(config: Language, trial: Trial) -> Corpus:
    """Return the trial's corpus, and record it."""
    corpus = Corpus.load(config.corpus, trial.device, config.words, config.test_tokens)
    trial.uses(corpus.dataset, corpus.digest)
    return corpus


def start(genotype: Recurrent, config: Language, corpus: Corpus, trial: Trial) -> LanguageTraining:
    """Return a training; all cells of a trial have the same initial numbers and windows."""
    return LanguageTraining(genotype, config, corpus, lambda name: trial.stream("retrain", name))


def fit(
    training: LanguageTraining,
    trial: Trial,
    phase: str,
    ended: Callable[[LanguageTraining], object] | None = None,
) -> Iterator[Row]:
    """Train as a phase of a trial; yield what every validation says, and call `ended` after it."""
    meter = trial.meter
    trial.restore(training=training)
    training.horizon = meter.horizon(phase)
    meter.count_flops(phase, training.flops())

    def measure(turn: int) -> Iterator[Row]:
        yield training.judge()
        if ended is not None and turn == training.horizon - 1:
            ended(training)  # here, so that it stands in the checkpoint of the last turn

    yield from loop.fit(meter, phase, training.update, measure, training.config.every)


def run(config: PublishedCell, trial: Trial) -> Iterator[Row]:
    """Train a published cell and report it."""
    corpus, genotype = load(config, trial), RECURRENT[config.cell]
    training = start(genotype, config, corpus, trial)
    yield from fit(training, trial, "retrain")
    architecture.save(genotype, trial.artifacts)
    told = {"cell": architecture.text(genotype), "corpus": config.corpus}
    yield {**training.scores(), **told}
