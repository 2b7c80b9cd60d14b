"""The pairs that `python -m harness bench papers/mnist1d` times for the lottery tickets."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from harness.pair import KEEP, Pair
from harness.training import loop, metrics, optim
from papers.mnist1d import models
from papers.mnist1d.lottery import pruning
from papers.mnist1d.lottery.subnetwork import Masks, Subnetwork, Weights, initial
from papers.signals import dataset, splits

TIMED_STEPS = 10
LR = 2e-2


class Masked:
    """The oracle: the whole MLP, masked numbers forced to zero before every step."""

    def __init__(self, weights: Weights, masks: Masks) -> None:
        self.model = models.MLP(len(weights["first.bias"])).to(weights["first.bias"].dtype)
        self.model.load_state_dict(weights)
        self.named, self.masks = dict(self.model.named_parameters()), masks
        self.optimizer = optim.adam(self.model.parameters(), LR)

    def step(self, x: Tensor, y: Tensor) -> None:
        """Take one step of Adam."""
        self._force()
        loop.descend(cross_entropy(self.model(x), y), self.optimizer)

    def weights(self) -> Weights:
        """Return all parameters, masked ones 0."""
        self._force()
        return {name: parameter.detach().clone() for name, parameter in self.named.items()}

    @torch.no_grad()
    def _force(self) -> None:
        for name, parameter in self.named.items():
            parameter.mul_(self.masks[name])


@dataclass
class Race:
    """A random mask on the MLP of 500 hidden units, whole and without what it cuts off."""

    sparsity: float
    batch: int

    def __post_init__(self) -> None:
        self.train, _ = splits.parts(dataset.generate(), "cpu")
        self.theta0 = initial(0, 500, "cpu")
        self.masks = pruning.at_random(self.theta0, self.sparsity, 1)
        self.slow = Masked(self.theta0, self.masks)
        self.network = Subnetwork(self.theta0, self.masks)
        self.optimizer = optim.adam(self.network.parameters(), LR)

    def loss(self, turn: int) -> Tensor:
        """Return the loss of the small network."""
        x, y = self.train.batch(turn, self.batch)
        return cross_entropy(self.network(x), y)

    def whole(self) -> None:
        """Train the masked MLP for TIMED_STEPS steps."""
        for turn in range(TIMED_STEPS):
            self.slow.step(*self.train.batch(turn, self.batch))

    def small(self) -> None:
        """Train what is left of it for TIMED_STEPS steps."""
        for turn in range(TIMED_STEPS):
            loop.descend(self.loss(turn), self.optimizer)

    def agree(self) -> None:
        """Check in float64 that both give the same weights after some steps from theta_0."""
        theta0 = {name: value.double() for name, value in self.theta0.items()}
        slow, network = Masked(theta0, self.masks), Subnetwork(theta0, self.masks)
        optimizer = optim.adam(network.parameters(), LR)
        for turn in range(3):
            x, y = self.train.batch(turn, self.batch)
            slow.step(x.double(), y)
            loop.descend(cross_entropy(network(x.double()), y), optimizer)
        expected = slow.weights()
        for name, ours in network.weights().items():
            torch.testing.assert_close(ours, expected[name], rtol=1e-10, atol=1e-10)


def pairs() -> list[Pair]:
    """Return training under a mask, the whole network beside what the mask leaves of it."""
    return [under(0.919, 100), under(0.919, 500)]


def under(sparsity: float, batch: int) -> Pair:
    """Return the pair of one sparsity and batch size."""
    race = Race(sparsity, batch)
    return Pair(
        f"MLP of 500 under a random mask of {sparsity:.1%}, batch {batch}, per step",
        race.whole,
        race.small,
        race.agree,
        KEEP,
        units=TIMED_STEPS,
        flops=TIMED_STEPS * metrics.flops(lambda: race.loss(0).backward()),
        note="oracle: the whole network, masked before every step",
    )
