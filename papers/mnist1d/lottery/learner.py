"""Training one sparse network, and what a trial has found so far: all that a resumed one needs.

Symbols: theta_0 the initial weights of a trial.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from torch import Tensor
from torch.nn.functional import cross_entropy

from harness.training import loop, metrics, optim
from papers.mnist1d.lottery import pruning
from papers.mnist1d.lottery.subnetwork import Masks, Subnetwork, Weights
from papers.signals import splits

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial

Scores = dict[str, float]


@dataclass(frozen=True)
class Course:
    """How a network is trained, and on what."""

    train: splits.Split
    test: splits.Split
    fresh: splits.Split
    lr: float
    batch_size: int
    eval_every: int
    plateau: int
    keep_at: int = -1  # the turn whose weights go on; -1: the last one's


class Learner:
    """A sparse network in one phase: its optimizer, its evaluations, the weights it leaves."""

    def __init__(self, phase: str, network: Subnetwork, lr: float) -> None:
        self.phase, self.network = phase, network
        self.optimizer = optim.adam(network.parameters(), lr)
        self.curve: list[list[float]] = []  # test accuracy and loss of each evaluation
        self.kept: Weights | None = None

    def keep(self) -> None:
        """Keep the weights as they are now."""
        self.kept = self.network.weights()

    def state_dict(self) -> dict[str, Any]:
        """Return everything that changes in training."""
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "curve": [list(point) for point in self.curve],
            "kept": self.kept,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where an earlier attempt was in the same phase."""
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.curve = [list(point) for point in state["curve"]]
        self.kept = None if state["kept"] is None else moved(state["kept"], self.network.kept)


@dataclass
class Found:
    """What finished phases leave: theta_0, the last magnitude round, the ticket, the scores."""

    theta0: Weights
    weights: Weights  # as the last magnitude round left them; theta_0 before the first
    masks: Masks
    ticket: Masks
    scores: dict[str, Scores]

    @staticmethod
    def start(theta0: Weights) -> Found:
        """Return what is known before the first round: the whole network at theta_0."""
        everything = pruning.everything(theta0)
        return Found(theta0, theta0, everything, everything, {})

    def state_dict(self) -> dict[str, Any]:
        """Return everything that was found."""
        scores = {phase: dict(values) for phase, values in self.scores.items()}
        weights = {"theta0": self.theta0, "weights": self.weights}
        return {**weights, "masks": self.masks, "ticket": self.ticket, "scores": scores}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take an earlier attempt's findings over."""
        for name in ("weights", "masks", "ticket", "theta0"):
            setattr(self, name, moved(state[name], self.theta0))
        self.scores = {phase: dict(values) for phase, values in state["scores"].items()}


def moved(tensors: Weights, like: Weights) -> Weights:
    """Return tensors on the devices of others of the same names."""
    return {name: value.to(like[name].device) for name, value in tensors.items()}


def fit(
    trial: Trial, learner: Learner, course: Course, finish: Callable[[Scores], Row]
) -> Iterator[Row]:
    """Train through one phase; the last turn's scores go to `finish`, which returns its row."""
    trial.restore(learner=learner)
    network, meter, phase = learner.network, trial.meter, learner.phase

    def loss(turn: int) -> Tensor:
        x, y = course.train.batch(turn, course.batch_size)
        return cross_entropy(network(x), y)

    def update(turn: int) -> None:
        loop.descend(loss(turn), learner.optimizer)
        if turn == course.keep_at:
            learner.keep()

    def measure(turn: int) -> Iterator[Row]:
        learner.curve.append(list(score(network, course.test)))
        if turn == meter.horizon(phase) - 1:
            if learner.kept is None:
                learner.keep()
            yield finish(scores(learner, course))

    meter.count_flops(phase, metrics.flops(lambda: loss(0).backward()))
    yield from loop.fit(meter, phase, update, measure, course.eval_every)


def score(network: Subnetwork, split: splits.Split) -> tuple[float, float]:
    """Return accuracy and mean cross-entropy on a split."""
    logits = loop.evaluate(network, split.x)
    loss = cross_entropy(logits, split.y)
    return float(metrics.accuracy(logits, split.y)), float(loss)


def scores(learner: Learner, course: Course) -> Scores:
    """Return how a trained network did.

    `plateau_accuracy` is the mean over the last evaluations; `best_accuracy`, the highest of
    them all, is what the notebook prints: chosen on the test set, hence optimistic.
    """
    accuracies = [accuracy for accuracy, _ in learner.curve]
    train_accuracy, _ = score(learner.network, course.train)
    fresh_accuracy, _ = score(learner.network, course.fresh)
    return {
        "plateau_accuracy": fmean(accuracies[-course.plateau :]),
        "last_accuracy": accuracies[-1],
        "best_accuracy": max(accuracies),
        "loss": learner.curve[-1][1],
        "train_accuracy": train_accuracy,
        "fresh_accuracy": fresh_accuracy,
    }
