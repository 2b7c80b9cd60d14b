"""Policies, K stacked: what they prefer, one gradient step on pairs, and what they do.

    theta' = theta - eta d/d theta  mean_b ||f(o_b; theta) - y_b||^2 / 2

A policy is a perceptron with two outputs; the softmax of them is the probability of a push to the
left and to the right. What the step gives is a function of rate and pairs.

Shapes: K learners, E episodes of each, T steps of an episode, N pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from harness.training.inner_loop import SGD, InnerLoop
from papers.gtn.cartpole import physics
from papers.gtn.layers import kaiming
from papers.gtn.learner import Bend, Tensors, leaky

INPUTS, OUTPUTS = 4, 2
LOOK = 20  # steps between two looks at whether any episode goes on


class Pairs(NamedTuple):
    """Observations (N, 4) and what a policy is to give for them (N, 2)."""

    observations: Tensor
    targets: Tensor


class Played(NamedTuple):
    """What happened: observations (T, K, E, 4), pushes to the right and whether it still stood."""

    observations: Tensor
    right: Tensor  # (T, K, E) bool
    stood: Tensor  # (T, K, E) bool, before the push

    @property
    def returns(self) -> Tensor:
        """The return of each episode (K, E): the number of its steps."""
        return self.stood.sum(0)

    def rest(self, discount: float) -> Tensor:
        """Return what was still to come (T, K, E): n steps are worth (1 - g^n) / (1 - g).

        g is the discount. At the limit of steps an episode ends like any other.
        """
        gone = torch.arange(len(self.stood), device=self.stood.device)
        left = (self.returns - gone[:, None, None]).clamp(min=0)
        return (1 - discount**left) / (1 - discount)


@dataclass(frozen=True)
class Policy:
    """Perceptrons without weight norm; weights are (K, in, out), biases (K, 1, out)."""

    hidden: tuple[int, ...] = (64, 64)
    bend: Bend = leaky

    def draw(self, seeds: Sequence[int], device: str = "cpu") -> Tensors:
        """Return fresh weights, stacked: a learner for each seed."""
        members = [self._one(torch.Generator().manual_seed(seed)) for seed in seeds]
        return tuple(torch.stack(parts).to(device) for parts in zip(*members, strict=True))

    def _one(self, random: torch.Generator) -> list[Tensor]:
        parts: list[Tensor] = []
        for before, after in pairwise((INPUTS, *self.hidden, OUTPUTS)):
            parts += [kaiming((after, before), random).t(), torch.zeros(1, after)]
        return parts

    def forward(self, weights: Tensors, observations: Tensor) -> Tensor:
        """Return preferences (K, N, 2) for observations (K, N, 4)."""
        x = observations
        for place in range(0, len(weights), 2):
            x = self.bend(x) if place else x
            x = torch.baddbmm(weights[place + 1], x, weights[place])
        return x

    def leaning(self, weights: Tensors, observations: Tensor) -> Tensor:
        """Return the logit (K, N) of a push to the right."""
        left, right = self.forward(weights, observations).unbind(-1)
        return right - left

    def taught(self, weights: Tensors, rate: Tensor, pairs: Pairs) -> Tensors:
        """Return the weights after one step on pairs; `rate` is the logarithm of eta."""
        members = len(weights[0])

        def loss(
            weights: Tensors, meta: Tensors, state: Tensors, step: int
        ) -> tuple[Tensor, Tensors]:
            _, observations, targets = meta
            given = self.forward(weights, observations.expand(members, -1, -1))
            return (given - targets).square().mean((1, 2)), state

        step = InnerLoop(loss, SGD(lambda meta, t: meta[0].exp()), steps=1)
        return step.run(weights, (rate, *pairs)).weights

    def log_likelihood(self, weights: Tensors, played: Played) -> Tensor:
        """Return log pi(a | s; theta) of what was done (T, K, E)."""
        flat = played.observations.transpose(0, 1).flatten(1, 2)  # (K, T E, 4)
        leaning = self.leaning(weights, flat).unflatten(1, played.right.shape[::2])
        leaning = leaning.transpose(0, 1)
        return F.logsigmoid(torch.where(played.right, leaning, -leaning))

    @torch.no_grad()
    def play(self, weights: Tensors, state: Tensor, noise: Tensor) -> Played:
        """Play episodes from starts (K, E, 4) until all have ended, or for T steps.

        A push goes right where its logit is above `noise` (T, K, E): logistic noise draws from
        the softmax, zeros take the likelier of the two.
        """
        stood = torch.ones_like(noise[0], dtype=torch.bool)
        seen, pushed, standing = [], [], []
        for step, limit in enumerate(noise):
            if step % LOOK == 0 and not bool(stood.any()):
                break
            right = self.leaning(weights, state) > limit
            seen.append(state)
            pushed.append(right)
            standing.append(stood)
            # what has fallen stays where it fell: nothing grows beyond what a float holds
            state = torch.where(stood[..., None], physics.advance(state, right), state)
            stood = stood & physics.stands(state)
        return Played(torch.stack(seen), torch.stack(pushed), torch.stack(standing))


def logistic(*shape: int, random: torch.Generator) -> Tensor:
    """Draw logistic noise: a logit above it has the probability of its sigmoid."""
    return torch.rand(*shape, generator=random).logit(1e-6)
