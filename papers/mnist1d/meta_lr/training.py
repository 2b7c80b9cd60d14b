"""A learning rate that is trained by gradient descent through the training run.

Inner loop: plain SGD on a tanh network, T steps. Outer loop: rate <- rate - 0.3 dL/drate, where L
is the mean of the T training losses. The published trajectory belongs to one initialisation (torch
seed 0). Others are stacked: each has a rate of its own.

Shapes: E members (initial weights), P weights, T inner steps, N batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from harness.training import ensemble, loop, metrics, unroll
from papers.mnist1d import hidden_layer, models
from papers.mnist1d.hidden_layer import Sizes
from papers.signals import splits

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.mnist1d.meta_lr.config import MetaRate

PUBLISHED = {  # [N] the rate after the update of outer step k, by where it started
    1.5: {3: 1.259, 6: 1.044, 9: 0.9111, 24: 0.6735, 48: 0.6243},
    0.15: {3: 0.4909, 6: 0.5407, 9: 0.5689, 24: 0.6124, 48: 0.6203},
}
TOLERANCE = 1e-3
MetaGradient = Callable[[Tensor], tuple[Tensor, Tensor]]


def run(config: MetaRate, trial: Trial) -> Iterator[Row]:
    """Take `outer_steps` steps on the rate; a row per step and member, then the results."""
    train, _ = splits.frozen(trial)
    weights = initial(config, trial).to(trial.device)
    inner = Inner(network(config), weights, batches(config, train))
    meta_gradient = {"forward": inner.forward, "reverse": inner.reverse}[config.mode]
    rates = Rates(torch.full((config.members,), config.start, device=trial.device))
    trial.restore(rates=rates)

    def update(turn: int) -> None:
        rates.loss, slope = meta_gradient(rates.rate)
        rates.rate = rates.rate - config.outer_lr * slope

    def measure(turn: int) -> list[Row]:
        rates.path.append(rates.rate.tolist())
        return rates.rows()

    trial.meter.count_flops("outer", config.inner_steps * inner.flops())
    yield from loop.fit(trial.meter, "outer", update, measure, every=1)
    rows = rates.rows()
    if config.published_init:
        rows[0] = {**rows[0], **compare(config.start, [step[0] for step in rates.path])}
    yield from rows


class Tanh:
    """The authors' activation function here."""

    def bend(self, z: Tensor) -> hidden_layer.Bend:
        """Return tanh, 1 - tanh^2 and -2 tanh (1 - tanh^2)."""
        value = z.tanh()
        slope = 1 - value * value
        return hidden_layer.Bend(value, slope, -2 * value * slope)


@dataclass
class Inner:
    """The inner training run: sizes, initial weights (E, P) and T batches of (x with ones, 1hot).

    `forward` and `reverse` map rates (E) to (meta-loss, its derivative by the rate), both (E).
    """

    sizes: Sizes
    weights: Tensor
    batches: list[tuple[Tensor, Tensor]]

    def forward(self, rate: Tensor) -> tuple[Tensor, Tensor]:
        """Carry the tangent of the weights along: theta' <- theta' - g - rate H theta'.

        Memory does not grow with T; H theta' is the derivative of <theta', g>.
        """
        weights, tangent = self.weights, torch.zeros_like(self.weights)
        total, slope, rates = torch.zeros_like(rate), torch.zeros_like(rate), rate[:, None]
        for batch in self.batches:
            loss, gradient, tape = hidden_layer.gradient(self.sizes, weights, *batch, Tanh())
            total, slope = total + loss, slope + (gradient * tangent).sum(1)
            curved = hidden_layer.adjoint(self.sizes, weights, tape, tangent, 0.0).weights
            tangent = (tangent - gradient).addcmul_(rates, curved, value=-1)
            weights = torch.addcmul(weights, rates, gradient, value=-1)
        return total / len(self.batches), slope / len(self.batches)

    def reverse(self, rate: Tensor) -> tuple[Tensor, Tensor]:
        """Differentiate the unrolled run by autograd: the authors' way, and the oracle."""
        leaf = rate.detach().requires_grad_()
        rule = unroll.SGD(rate=lambda meta: meta[0][:, None])
        losses, _ = unroll.Inner(self.loss, rule, len(self.batches)).run((self.weights,), (leaf,))
        (slope,) = torch.autograd.grad(losses.mean(0).sum(), leaf)
        return losses.detach().mean(0), slope

    def loss(self, weights: unroll.Tensors, meta: unroll.Tensors, step: int) -> Tensor:
        """Return each member's loss (E) on the batch of a step, as plainly as can be."""
        first, second, bias = self.sizes.split(weights[0])
        x, onehot = self.batches[step]
        return ensemble.cross_entropy((x @ first).tanh() @ second + bias, onehot.argmax(-1))

    def flops(self) -> float:
        """Return the FLOPs of one inner step with its tangent."""
        short = Inner(self.sizes, self.weights, self.batches[:1])
        return metrics.flops(lambda: short.forward(self.weights.new_ones(len(self.weights))))


class Rates:
    """The rates (E), their last meta-losses (E) and the rates after every outer step."""

    def __init__(self, rate: Tensor) -> None:
        self.rate, self.loss = rate, torch.zeros_like(rate)
        self.path: list[list[float]] = []

    def rows(self) -> list[Row]:
        """Return a row per member: the rate after the last update, the meta-loss before it."""
        pairs = zip(self.rate.tolist(), self.loss.tolist(), strict=True)
        return [
            {"member": member, "lr": rate, "meta_loss": loss}
            for member, (rate, loss) in enumerate(pairs)
        ]

    def state_dict(self) -> dict[str, object]:
        """Return what a resumed trial needs."""
        return {"rate": self.rate, "loss": self.loss, "path": [list(step) for step in self.path]}

    def load_state_dict(self, state: dict[str, object]) -> None:
        """Take an earlier attempt's rates over."""
        rate, loss, path = state["rate"], state["loss"], state["path"]
        assert isinstance(rate, Tensor) and isinstance(loss, Tensor) and isinstance(path, list)
        self.rate, self.loss = rate.to(self.rate.device), loss.to(self.rate.device)
        self.path = [list(step) for step in path]


def network(config: MetaRate) -> Sizes:
    """Return the sizes of the network: 2,560 weights as published."""
    return Sizes(models.SIGNAL, config.hidden, models.CLASSES)


def initial(config: MetaRate, trial: Trial) -> Tensor:
    """Return initial weights (E, P): the authors' (torch seed 0), or those of the trial's seed."""
    seeds = [trial.stream("init", member) for member in range(config.members)]
    if config.published_init:
        seeds = [0]
    return torch.stack([hidden_layer.initial(network(config), seed) for seed in seeds])


def batches(config: MetaRate, train: splits.Split) -> list[tuple[Tensor, Tensor]]:
    """Return the batches of all inner steps, in stored order."""
    drawn = [train.batch(step, config.batch_size) for step in range(config.inner_steps)]
    return [(hidden_layer.with_ones(x), F.one_hot(y, models.CLASSES).to(x)) for x, y in drawn]


def compare(start: float, path: list[float]) -> Row:
    """Return how far the path of the authors' initial weights is from the one they printed."""
    printed = {step: rate for step, rate in PUBLISHED.get(start, {}).items() if step < len(path)}
    if not printed:
        return {}
    away = [abs(path[step] - rate) for step, rate in printed.items()]
    return {
        "max_deviation": max(away),
        "deviating": sum(distance > TOLERANCE for distance in away),
    }
