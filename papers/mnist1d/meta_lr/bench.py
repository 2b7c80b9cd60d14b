"""Speed of the meta-gradient of a rate: tangents by hand beside reverse mode by autograd."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from harness.pair import KEEP, Pair
from papers.mnist1d import hidden_layer
from papers.mnist1d.meta_lr import training
from papers.mnist1d.meta_lr.config import MetaRate
from papers.signals import dataset, splits

TIMED_STEPS, MEMBERS = 50, 8


def pairs() -> list[Pair]:
    """Return reverse beside forward mode, and members one after another beside stacked ones."""
    return [modes(1), modes(MEMBERS), stacked()]


def inner(members: int, kind: torch.dtype = torch.float32) -> training.Inner:
    """Return TIMED_STEPS inner steps from initial weights of seeds 0, 1, ..."""
    config = MetaRate(0.6, inner_steps=TIMED_STEPS)
    train, _ = splits.parts(dataset.generate(), "cpu")
    sizes = training.network(config)
    weights = torch.stack([hidden_layer.initial(sizes, seed) for seed in range(members)])
    batches = [(x.to(kind), y.to(kind)) for x, y in training.batches(config, train)]
    return training.Inner(sizes, weights.to(kind), batches)


@dataclass(frozen=True)
class Difference:
    """The meta-gradient by central differences, against which both modes are checked."""

    run: training.Inner
    rate: Tensor
    step: float = 1e-5

    def slope(self) -> Tensor:
        """Return (L(rate + step) - L(rate - step)) / (2 step)."""
        above, below = (self.run.forward(self.rate + move)[0] for move in (self.step, -self.step))
        return (above - below) / (2 * self.step)


def modes(members: int) -> Pair:
    """Return reverse mode (the authors') beside forward mode: one meta-gradient per call."""
    run, rate = inner(members), torch.full((members,), 0.6)

    def agree() -> None:
        exact, double = inner(members, torch.float64), rate.double()
        forward, reverse = exact.forward(double)[1], exact.reverse(double)[1]
        torch.testing.assert_close(forward, reverse, rtol=1e-10, atol=1e-13)
        expected = Difference(exact, double).slope()
        torch.testing.assert_close(forward, expected, rtol=1e-6, atol=1e-8)

    return Pair(
        f"meta-gradient of a rate, {members} initial weights, per inner step",
        lambda: run.reverse(rate),
        lambda: run.forward(rate),
        agree,
        KEEP,
        units=TIMED_STEPS * members,
        flops=TIMED_STEPS * run.flops(),
        note="oracle: reverse mode by autograd; fast: tangents by hand; both = finite difference",
    )


def stacked() -> Pair:
    """Return the meta-gradients of several initial weights one after another, and stacked."""
    run, rate = inner(MEMBERS), torch.full((MEMBERS,), 0.6)
    singles = [
        training.Inner(run.sizes, run.weights[k : k + 1], run.batches) for k in range(MEMBERS)
    ]

    def one_by_one() -> Tensor:
        return torch.cat([single.forward(rate[:1])[1] for single in singles])

    def agree() -> None:
        torch.testing.assert_close(one_by_one(), run.forward(rate)[1], rtol=1e-4, atol=1e-5)

    return Pair(
        f"{MEMBERS} initial weights stacked, per weights and inner step",
        one_by_one,
        lambda: run.forward(rate),
        agree,
        KEEP,
        units=TIMED_STEPS * MEMBERS,
        flops=TIMED_STEPS * run.flops(),
        note="oracle: one after another, tangents",
    )
