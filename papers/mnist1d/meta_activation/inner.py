"""The inner training run: data, initial weights, noise, and the RMSProp-like rule.

    v <- .4 v + .6 g^2,  theta <- theta - .01 g / (sqrt v + 1e-8),  v = 1 before the first step

Shapes: E members, P weights, T inner steps, N batch, H hidden, U units of N.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from harness.training import metrics
from papers.mnist1d import hidden_layer, models
from papers.mnist1d.hidden_layer import Activation, Sizes, Tape
from papers.mnist1d.meta_activation import activation
from papers.signals import dataset, splits

if TYPE_CHECKING:
    from harness.trial import Trial
    from papers.mnist1d.meta_activation.config import Protocol

EPS = 1e-8
FIRST = 1.0  # v before the first step
Calls = Callable[[int], Activation]  # the activation function as it is at an inner step


@dataclass(frozen=True)
class Inner:
    """The protocol with its data: batches of (x with a column of ones, one-hot labels)."""

    protocol: Protocol
    batches: list[tuple[Tensor, Tensor]]
    test: splits.Split

    @property
    def sizes(self) -> Sizes:
        """The network's sizes: 6,538 weights as published."""
        return Sizes(models.SIGNAL, self.protocol.hidden, models.CLASSES)

    def scores(self, step: int) -> float:
        """Return the weight that the loss of a step has in the meta-loss."""
        scored = self.protocol.scored_steps
        return 1 / scored if step >= len(self.batches) - scored else 0.0


def prepare(protocol: Protocol, trial: Trial) -> Inner:
    """Generate the data and cut the batches of all inner steps, in stored order."""
    data = dataset.generate(num_samples=protocol.examples)
    trial.uses("mnist1d", dataset.digest(data))
    train, test = splits.parts(data, trial.device)
    drawn = [train.batch(step, protocol.batch_size) for step in range(protocol.inner_steps)]
    batches = [(hidden_layer.with_ones(x), F.one_hot(y, models.CLASSES).to(x)) for x, y in drawn]
    return Inner(protocol, batches, splits.Split(hidden_layer.with_ones(test.x), test.y))


def initial(inner: Inner, trial: Trial, *names: str | int) -> Tensor:
    """Return initial weights (E, P); the names say which, the member comes last."""
    seeds = [trial.stream(*names, member) for member in range(inner.protocol.members)]
    weights = [hidden_layer.initial(inner.sizes, seed) for seed in seeds]
    return torch.stack(weights).to(trial.device)


def noise(inner: Inner, units: int, trial: Trial, *names: str | int) -> Tensor:
    """Return noise (T, E, units) of U(-1, 1) times its scale, from streams of their own."""
    steps, members = inner.protocol.inner_steps, range(inner.protocol.members)
    draws = []
    for member in members:
        generator = torch.Generator().manual_seed(trial.stream(*names, member))
        draws.append(torch.rand(steps, units, generator=generator))
    both = torch.stack(draws, dim=1) * 2 - 1
    return (inner.protocol.noise * both).to(trial.device)


class Record(NamedTuple):
    """One inner step: the weights before it, gradient, v after it, and the gradient's tape."""

    weights: Tensor
    gradient: Tensor
    squares: Tensor
    call: Activation
    tape: Tape


def train(
    inner: Inner, weights: Tensor, noise_TEH: Tensor, calls: Calls, keep: bool = False
) -> tuple[Tensor, Tensor, list[Record]]:
    """Return losses (T, E), weights (E, P) and, when kept, a record per step."""
    squares, records, losses = torch.full_like(weights, FIRST), [], []
    rate, decay = inner.protocol.inner_lr, inner.protocol.decay
    for step, batch in enumerate(inner.batches):
        call = calls(step)
        loss, gradient, tape = hidden_layer.gradient(
            inner.sizes, weights, *batch, call, noise_TEH[step][:, None]
        )
        squares = (decay * squares).addcmul_(gradient, gradient, value=1 - decay)
        if keep:
            records.append(Record(weights, gradient, squares, call, tape))
        weights = torch.addcdiv(weights, gradient, squares.sqrt().add_(EPS), value=-rate)
        losses.append(loss)
    return torch.stack(losses), weights, records


def accuracy(
    inner: Inner, weights: Tensor, call: Activation, noise_EH: Tensor, rows: int | None = None
) -> list[float]:
    """Return each member's test accuracy on the first rows (None: all), noise included."""
    x, y = inner.test.x[:rows], inner.test.y[:rows]
    logits = hidden_layer.logits(inner.sizes, weights, x, call, noise_EH[:, None])
    return metrics.accuracy(logits, y).tolist()


def measure(inner: Inner, trial: Trial, turn: int, calls: Calls) -> list[dict[str, float | int]]:
    """Train from fresh weights and return a row per member; equal for equal turns and members.

    The streams do not depend on the activation function: all of them start from the same weights
    and meet the same noise.
    """
    draws = noise(inner, inner.protocol.hidden, trial, "fresh", "hidden", turn)
    losses, weights, _ = train(inner, initial(inner, trial, "fresh", turn), draws, calls)
    call, last = calls(-1), draws[-1]
    columns = {
        "test_accuracy": accuracy(inner, weights, call, last, inner.protocol.scored_rows),
        "whole_test_accuracy": accuracy(inner, weights, call, last),
        "mean_loss": losses.mean(0).tolist(),
        "late_loss": losses[-inner.protocol.scored_steps :].mean(0).tolist(),
    }
    return [
        {"member": member, **{name: column[member] for name, column in columns.items()}}
        for member in range(inner.protocol.members)
    ]


def flops(inner: Inner) -> float:
    """Return the FLOPs of one training without differentiation: those of a step, times T."""
    weights = torch.zeros(inner.protocol.members, inner.sizes.weights).to(inner.test.x)
    call = activation.Known(activation.relu)
    batch = inner.batches[0]
    step = metrics.flops(lambda: hidden_layer.gradient(inner.sizes, weights, *batch, call))
    return step * len(inner.batches)
