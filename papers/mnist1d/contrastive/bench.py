"""The pairs that `python -m harness bench papers/mnist1d` times for contrastive learning."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from harness.pair import KEEP, Pair
from harness.training import ensemble, loop, metrics, optim
from papers.mnist1d.contrastive import networks, training, views
from papers.mnist1d.contrastive.config import Contrastive
from papers.signals import dataset

MEMBERS, TIMED_STEPS = 5, 10


def pairs() -> list[Pair]:
    """Return stacked training and batched views beside their oracles."""
    race = Race()
    step = metrics.flops(lambda: race.loss(0).backward())
    return [
        Pair(
            f"contrastive: {MEMBERS} seeds stacked, per seed and step",
            race.one_after_another,
            race.stacked,
            race.agree,
            KEEP,
            units=MEMBERS * TIMED_STEPS,
            flops=TIMED_STEPS * step,
            note="oracle: one after another, torch's default Adam",
        ),
        augmentation(race.x),
    ]


class Race:
    """Single networks and the same networks stacked, on the same views."""

    def __init__(self) -> None:
        data = dataset.generate(num_samples=1000, train_split=1.0)
        self.x = torch.tensor(data["x"], dtype=torch.float32)
        self.config = Contrastive("default", members=MEMBERS)
        self.singles = [networks.build("default", seed) for seed in range(MEMBERS)]
        self.together = ensemble.stack(self.singles)
        self.each = [torch.optim.Adam(single.parameters(), lr=1e-2) for single in self.singles]
        self.all = optim.adam(self.together.parameters(), 1e-2)
        seeds = range(MEMBERS)
        drawn = views.Views(self.x, self.config, seeds, seeds).epoch()
        self.batches = [next(drawn) for _ in range(TIMED_STEPS)]  # (E, 2B, L) each

    def loss(self, turn: int) -> Tensor:
        """Return the summed loss of all members."""
        return training.loss(self.together, self.batches[turn], self.config).sum()

    def stacked(self) -> None:
        """Train the stacked networks for TIMED_STEPS steps."""
        for turn in range(TIMED_STEPS):
            loop.descend(self.loss(turn), self.all)

    def single(self, member: int, turn: int) -> Tensor:
        """Return one member's loss by torch's own modules."""
        return training.loss(self.singles[member], self.batches[turn][member], self.config)

    def one_after_another(self) -> None:
        """Train every single network for TIMED_STEPS steps."""
        for member, optimizer in enumerate(self.each):
            for turn in range(TIMED_STEPS):
                loop.descend(self.single(member, turn), optimizer)

    @torch.no_grad()
    def agree(self) -> None:
        """Check that the stacked networks lose what the single ones lose."""
        alone = torch.stack([self.single(member, 0) for member in range(MEMBERS)]).sum()
        torch.testing.assert_close(self.loss(0), alone, rtol=1e-4, atol=1e-4)


def augmentation(x: Tensor) -> Pair:
    """Return views of 200 signals, one after another beside all at once."""
    config = Contrastive("default")
    draws = views.draw(config, 100, torch.Generator().manual_seed(0))
    signals, detrended = x[:100], views.detrend(x[:100])

    def alone() -> list[Tensor]:
        return [
            view_of(signal, float(slope), float(offset), int(shift))
            for shifts, slopes, offsets in zip(*draws, strict=True)
            for signal, shift, slope, offset in zip(signals, shifts, slopes, offsets, strict=True)
        ]

    def together() -> Tensor:
        return views.transform(detrended, draws)

    def agree() -> None:
        torch.testing.assert_close(together().flatten(0, 1), torch.stack(alone()))

    return Pair("contrastive: views of 200 signals", alone, together, agree, 10)


def view_of(signal: Tensor, slope: float, offset: float, shift: int) -> Tensor:
    """Return one view of one signal (L), in the words of the paper: the oracle of `transform`."""
    values = signal.double().numpy()
    t = np.arange(len(values)) - (len(values) - 1) / 2
    values = values - values.mean()
    values = values - np.polyfit(t, values, 1)[0] * t
    return torch.tensor(np.roll(values, shift) + slope * t + offset, dtype=signal.dtype)
