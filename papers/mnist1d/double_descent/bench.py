"""Training of one width: stacked, with gradients by hand, beside one after another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from harness.pair import KEEP, Pair
from harness.training import ensemble, loop, metrics, optim
from papers.mnist1d.double_descent import networks, training
from papers.mnist1d.double_descent.config import TRAIN_BATCH
from papers.signals import dataset

MEMBERS, TIMED_STEPS = 3, 20
LR, MOMENTUM = 0.01, 0.9  # as config.Descent has it


def pairs() -> list[Pair]:
    """Return stacked training beside single models, and gradients by hand beside autograd's."""
    stacked = [race(kind, width, alone=True) for kind, width in (("mlp", 16), ("cnn", 10))]
    return [*stacked, *(race("mlp", width, alone=False) for width in (16, 61))]


@dataclass
class Race:
    """Some single models of one width and the same models stacked, on the same rows."""

    kind: str
    width: int

    def __post_init__(self) -> None:
        data = dataset.generate(num_samples=TRAIN_BATCH, train_split=1.0)
        self.x, self.y = torch.tensor(data["x"], dtype=torch.float32), torch.tensor(data["y"])
        self.hot = training.hot(self.y)
        self.each_x = self.x.expand(MEMBERS, -1, -1)
        self.each_hot = self.hot.expand(MEMBERS, -1, -1)
        self.singles = [networks.build(self.kind, self.width, seed) for seed in range(MEMBERS)]
        self.each = [optim.sgd(m.parameters(), LR, MOMENTUM) for m in self.singles]
        self.together, self.slow = ensemble.stack(self.singles), ensemble.stack(self.singles)
        self.all = optim.sgd(self.together.parameters(), LR, MOMENTUM)
        self.slow_all = optim.sgd(self.slow.parameters(), LR, MOMENTUM)

    def alone(self) -> None:
        """Train every single model for TIMED_STEPS steps."""
        for model, optimizer in zip(self.singles, self.each, strict=True):
            for _ in range(TIMED_STEPS):
                loop.descend(cross_entropy(model(self.x), self.y), optimizer)

    def autograd(self) -> None:
        """Train the stacked models for TIMED_STEPS steps by autograd."""
        for _ in range(TIMED_STEPS):
            loop.descend(self.loss(self.slow), self.slow_all)

    def fast(self) -> None:
        """Train the stacked models for TIMED_STEPS steps as the study does."""
        for _ in range(TIMED_STEPS):
            self.differentiate()
            self.all.step()

    def differentiate(self) -> None:
        """Give the stacked models their gradients as the study does."""
        if self.kind == "mlp":
            networks.backpropagate(self.together, self.each_x, self.each_hot, "cross_entropy")
        else:
            self.all.zero_grad()
            self.loss(self.together).backward()

    def loss(self, models: nn.Module) -> Tensor:
        """Return the summed loss of all stacked members."""
        return ensemble.cross_entropy(models(self.each_x), self.y).sum()

    def agree(self) -> None:
        """Check that both ways give every member the same gradient."""
        self.differentiate()
        fresh = ensemble.stack([networks.build(self.kind, self.width, s) for s in range(MEMBERS)])
        self.loss(fresh).backward()
        for ours, theirs in zip(self.together.parameters(), fresh.parameters(), strict=True):
            torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-4, atol=1e-6)


def race(kind: str, width: int, alone: bool) -> Pair:
    """Return the study's training of MEMBERS models beside a slower form of it."""
    both = Race(kind, width)
    slow: Callable[[], object] = both.alone if alone else both.autograd
    how = "one after another, autograd" if alone else "stacked, autograd"
    what = "seeds stacked" if alone else "gradients by hand"
    unit = "units" if kind == "mlp" else "channels"
    return Pair(
        f"double descent: {what}, {MEMBERS} {kind.upper()}s of {width} {unit}, per seed and step",
        slow,
        both.fast,
        both.agree,
        KEEP,
        units=MEMBERS * TIMED_STEPS,
        flops=TIMED_STEPS * metrics.flops(both.differentiate),
        note=f"oracle: {how}, fused SGD",
    )
