"""Tabular policies side by side, with the gradient in closed form: the fast form of `Reinforced`.

Of a softmax p over the operations that may follow, with the operation a drawn:

    d log p_a / d theta = onehot(a) - p        d H / d theta = -p (log p + H)

Shapes: R searches, T turns, N cells of a batch, E edges, O operations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from papers.cells.searcher.controller import NEVER, continued
from papers.cells.searcher.numbers import Floats, Ints, rows
from papers.cells.space.allowed import Allowed
from papers.nasnet.config import Learning
from papers.nasnet.league.places import Places
from papers.nasnet.policy import Table

BETA1, BETA2, EPS = 0.9, 0.999, 1e-8  # torch's Adam


class Adam:
    """Torch's Adam on one array."""

    def __init__(self, rate: float, shape: tuple[int, ...]) -> None:
        self.rate, self.step = rate, 0
        self.first, self.second = np.zeros((2, *shape))

    def __call__(self, gradient: Floats) -> Floats:
        """Return how far to go against a gradient."""
        self.step += 1
        self.first = self.first + (1 - BETA1) * (gradient - self.first)
        self.second = BETA2 * self.second + (1 - BETA2) * gradient * gradient
        size = self.rate / (1 - BETA1**self.step)
        scale = np.sqrt(self.second) / np.sqrt(1 - BETA2**self.step) + EPS
        moved: Floats = size * self.first / scale
        return moved


class Tables:
    """R tabular policies, which draw and learn together."""

    def __init__(
        self, allowed: Allowed, config: Learning, seeds: Sequence[int], turns: int
    ) -> None:
        self.config, self.ops = config, len(allowed.space.ops)
        edges = len(allowed.space.edges)
        self.scores: Floats = np.stack(
            [Table(allowed, seed).scores.detach().numpy() for seed in seeds]
        )
        self.mask: Floats = np.where(continued(allowed).numpy(), 0.0, NEVER)
        self.places = Places(allowed)
        whole = -(-turns // config.samples) * config.samples
        self.numbers = rows(seeds, whole, edges)  # (R, T, E)
        self.adam = Adam(config.rate, self.scores.shape)
        self.sum, self.weight = np.zeros(len(seeds)), 0.0
        self.turn = 0
        self.codes: Ints = np.zeros((len(seeds), 0, edges), dtype=np.int64)  # (R, N, E)
        self.heard: list[Floats] = []

    def propose(self) -> Ints:
        """Return the next cell of each search (R)."""
        number = self.turn % self.config.samples
        if number == 0:
            self.codes = self._draw(self.numbers[:, self.turn : self.turn + self.config.samples])
        self.turn += 1
        return self.places(self.codes[:, number])

    def _draw(self, numbers: Floats) -> Ints:
        """Return a batch of cells for each search (R, N, E), edge by edge."""
        codes, begun = np.zeros(numbers.shape, dtype=np.int64), np.zeros(numbers.shape[:2], int)
        for edge in range(numbers.shape[2]):
            p = np.exp(self._log_p(edge, begun))
            op = (numbers[:, :, edge, None] >= p.cumsum(-1)).sum(-1).clip(max=self.ops - 1)
            codes[:, :, edge], begun = op, begun * self.ops + op
        return codes

    def _log_p(self, edge: int, begun: Ints) -> Floats:
        """Return log-probabilities of an edge's operations after beginnings (R, N, O)."""
        logits = self.scores[:, None, edge] + self.mask[edge, begun]
        shifted = logits - logits.max(-1, keepdims=True)
        log_p: Floats = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
        return log_p

    def observe(self, places: Ints, worth: Floats) -> None:
        """Hear of each search's cell (R); after the last one of a batch, learn."""
        self.heard.append(worth)
        if len(self.heard) == self.config.samples:
            self._learn(np.stack(self.heard, 1))
            self.heard = []

    def _learn(self, worth: Floats) -> None:
        """Take the steps that a batch asks for; `worth` is (R, N)."""
        config = self.config
        rewards = worth.clip(min=0) ** config.power
        self.sum = config.decay * self.sum + (1 - config.decay) * rewards.mean(1)
        self.weight = config.decay * self.weight + (1 - config.decay)
        advantages = rewards - (self.sum / self.weight)[:, None]
        old: Floats | None = None
        for _ in range(config.epochs):
            log_prob, slopes, bonus = self._slopes()
            old = log_prob if old is None else old
            weights = self._weights(log_prob - old, advantages)
            gain = (weights[..., None, None] * slopes + config.entropy * bonus).mean(1)
            self.scores = self.scores - self.adam(-gain)

    def _slopes(self) -> tuple[Floats, Floats, Floats]:
        """Return log pi (R, N) of the batch, its slope and that of the entropy (R, N, E, O)."""
        begun, log_prob = np.zeros(self.codes.shape[:2], int), np.zeros(self.codes.shape[:2])
        slopes, bonus = np.zeros((2, *self.codes.shape, self.ops))
        for edge in range(self.codes.shape[2]):
            op = self.codes[:, :, edge, None]
            log_p = self._log_p(edge, begun)
            p = np.exp(log_p)
            entropy = -(p * log_p).sum(-1, keepdims=True)
            slopes[:, :, edge] = (np.arange(self.ops) == op) - p
            bonus[:, :, edge] = -p * (log_p + entropy)
            log_prob += np.take_along_axis(log_p, op, -1)[..., 0]
            begun = begun * self.ops + op[..., 0]
        return log_prob, slopes, bonus

    def _weights(self, apart: Floats, advantages: Floats) -> Floats:
        """Return how much each cell's slope counts (R, N): PPO leaves out what went too far."""
        if self.config.gradient == "reinforce":
            return advantages
        ratio = np.exp(apart)
        cut = ratio.clip(1 - self.config.clip, 1 + self.config.clip)
        kept = ratio * advantages <= cut * advantages
        weights: Floats = np.where(kept, ratio * advantages, 0.0)
        return weights

    def state_dict(self) -> dict[str, Any]:
        """Return the policies and what was heard; the numbers follow from the seeds."""
        arrays = {
            "scores": self.scores,
            "first": self.adam.first,
            "second": self.adam.second,
            "sum": self.sum,
            "codes": self.codes,
        }
        kept: dict[str, Any] = {n: torch.from_numpy(a.copy()) for n, a in arrays.items()}
        kept["heard"] = [torch.from_numpy(worth.copy()) for worth in self.heard]
        return {**kept, "weight": self.weight, "turn": self.turn, "step": self.adam.step}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where others of the same seeds were."""
        self.scores, self.sum, self.codes = (
            state[name].numpy().copy() for name in ("scores", "sum", "codes")
        )
        self.adam.first, self.adam.second = (
            state[name].numpy().copy() for name in ("first", "second")
        )
        self.heard = [worth.numpy().copy() for worth in state["heard"]]
        self.weight, self.turn, self.adam.step = state["weight"], state["turn"], state["step"]
