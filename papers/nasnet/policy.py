"""The two policies: a softmax for each decision, and an LSTM that decides one after another.

The LSTM is ENAS's controller for edge cells, `papers.cells.searcher.controller`. Both decide by
given numbers, each by the inverse of the cumulative distribution, so that many searches side by
side decide as one alone does.

Shapes: N architectures, D decisions of each, M of them at once, K choices; E edges, O operations.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from papers.cells.searcher.controller import NEVER, EdgeController, continued
from papers.cells.searcher.policy import Choices, Controller, Draw
from papers.cells.space.allowed import Allowed
from papers.nasnet.config import Learning

WIDTH = 1e-3  # [NATS] the deviation of a table's initial scores


class Numbered(Choices):
    """Decides by uniform numbers (N, D) instead of a stream."""

    def __init__(self, numbers: Tensor) -> None:
        super().__init__(len(numbers), None, None)
        self._numbers = numbers

    def take(self, logits: Tensor) -> Tensor:
        """Make M independent decisions between K, logits (N, M, K): return them (N, M)."""
        log_p = logits.log_softmax(-1)
        done = self._done
        self._done += log_p.shape[1]
        numbers = self._numbers[:, done : self._done, None]
        chosen = (numbers >= log_p.exp().cumsum(-1)).sum(-1).clamp(max=log_p.shape[-1] - 1)
        own = log_p.gather(-1, chosen.unsqueeze(-1)).squeeze(-1)
        self._made.append((chosen, own, -(log_p.exp() * log_p).sum(-1)))
        return chosen


class Table(Controller):
    """A score for each operation of each edge: NATS-Bench's policy, of allowed cells alone.

    Where no cell goes on with an operation after what was decided on the edges before, it has
    probability 0; else the edges are independent.
    """

    ways: Tensor  # (E, O^(E - 1), O) bool: what may follow each beginning

    def __init__(self, allowed: Allowed, seed: int) -> None:
        super().__init__()
        edges, self.ops = len(allowed.space.edges), len(allowed.space.ops)
        drawn = torch.Generator().manual_seed(seed)
        scores = torch.randn(edges, self.ops, generator=drawn, dtype=torch.float64)
        self.scores = nn.Parameter(WIDTH * scores)
        self.register_buffer("order", torch.arange(edges), persistent=False)
        self.register_buffer("ways", continued(allowed), persistent=False)

    def walk(self, choices: Choices) -> None:
        """Decide edge by edge."""
        begun = torch.zeros_like(self.order[:1]).expand(choices.count)
        for edge, scores in enumerate(self.scores):
            ways = self.ways[edge, begun]
            op = choices.one(scores.expand_as(ways).masked_fill(~ways, NEVER))
            begun = begun * self.ops + op


def policy(config: Learning, allowed: Allowed, seed: int) -> Controller:
    """Return the policy that a config names, of allowed cells alone."""
    if config.policy == "tabular":
        return Table(allowed, seed)
    return EdgeController(allowed.space, config.preset, seed, allowed=allowed)


def drawn(controller: Controller, numbers: Tensor) -> Draw:
    """Return the architectures that numbers (N, D) stand for."""
    choices = Numbered(numbers)
    controller.walk(choices)
    return choices.draw(controller.order)
