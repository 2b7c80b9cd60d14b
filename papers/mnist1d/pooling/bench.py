"""Pooling networks stacked, beside single ones with torch's own layers one after another."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from harness.pair import KEEP, Pair
from harness.training import ensemble, loop, metrics, optim
from papers.mnist1d.pooling import networks
from papers.mnist1d.pooling.config import TRAIN_BATCH
from papers.signals import dataset

MEMBERS, TIMED_STEPS = 4, 20
LR = 0.01  # as config.Pooled has it
LAYERS: dict[str, nn.Module] = {
    "max": nn.MaxPool1d(2),
    "average": nn.AvgPool1d(2),
    "l2": nn.LPPool1d(2, 2),
}


class Plain(nn.Module):
    """A network of the study with torch's pooling layers: the readable oracle."""

    def __init__(self, kind: str, network: nn.Module) -> None:
        super().__init__()
        self.layer = LAYERS.get(kind, nn.Identity())
        self.first, self.second, self.out = network.children()

    def forward(self, x: Tensor) -> Tensor:
        """Map signals (N, 40) to logits (N, 10)."""
        h = self.layer(self.first(x.unsqueeze(-2)).relu())
        h = self.layer(self.second(h).relu())
        logits: Tensor = self.out(h.flatten(1))
        return logits


@dataclass
class Race:
    """Some single networks of one kind and the same networks stacked, on the same rows."""

    kind: str

    def __post_init__(self) -> None:
        data = dataset.generate(num_samples=TRAIN_BATCH, train_split=1.0)
        self.x, self.y = torch.tensor(data["x"], dtype=torch.float32), torch.tensor(data["y"])
        own = [networks.build(self.kind, seed) for seed in range(MEMBERS)]
        self.together = ensemble.stack(own)
        self.singles = [Plain(self.kind, network) for network in own]
        self.each = [optim.adam(m.parameters(), LR) for m in self.singles]
        self.all = optim.adam(self.together.parameters(), LR)

    def loss(self) -> Tensor:
        """Return the summed loss of all stacked members."""
        return ensemble.cross_entropy(self.together(self.x), self.y).sum()

    def alone(self) -> None:
        """Train every single network for TIMED_STEPS steps."""
        for model, optimizer in zip(self.singles, self.each, strict=True):
            for _ in range(TIMED_STEPS):
                loop.descend(cross_entropy(model(self.x), self.y), optimizer)

    def stacked(self) -> None:
        """Train the stacked networks for TIMED_STEPS steps."""
        for _ in range(TIMED_STEPS):
            loop.descend(self.loss(), self.all)

    @torch.no_grad()
    def agree(self) -> None:
        """Check that the stacked networks compute what the single ones compute."""
        logits = self.together(self.x)
        for member, model in enumerate(self.singles):
            torch.testing.assert_close(logits[member], model(self.x), rtol=1e-4, atol=1e-5)


def pairs() -> list[Pair]:
    """Return stacked training beside single networks, for three of the five kinds."""
    return [stacked(kind) for kind in ("stride", "max", "l2")]


def stacked(kind: str) -> Pair:
    """Return training of MEMBERS networks one after another beside training them stacked."""
    race = Race(kind)
    return Pair(
        f"pooling: {MEMBERS} seeds of kind {kind} stacked, per seed and step",
        race.alone,
        race.stacked,
        race.agree,
        KEEP,
        units=MEMBERS * TIMED_STEPS,
        flops=TIMED_STEPS * metrics.flops(lambda: race.loss().backward()),
        note="oracle: one after another, torch's own layers, fused Adam",
    )
