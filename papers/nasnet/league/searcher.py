"""Reinforcement learning as a searcher of the league: one policy, asked cell by cell.

Shapes: N cells of a batch, E edges.
"""

from __future__ import annotations

from typing import Any

import torch

from papers.cells.league.evaluator import Evaluation
from papers.cells.searcher.numbers import Numbers
from papers.cells.space.allowed import Allowed
from papers.cells.space.edge import Code
from papers.nasnet.config import Learning
from papers.nasnet.learner import Learner
from papers.nasnet.policy import drawn, policy


class Reinforced:
    """Draws a batch of cells, hands them out one by one, learns when all have been heard of."""

    def __init__(self, allowed: Allowed, config: Learning, seed: int) -> None:
        self.config, self.edges = config, len(allowed.space.edges)
        self.learner = Learner(policy(config, allowed, seed), config)
        self.numbers = Numbers(seed, self.edges)
        self.waiting: list[Code] = []
        self.heard: list[tuple[Code, float]] = []

    def propose(self) -> Code:
        """Return the next cell."""
        if not self.waiting:
            self.waiting = self._draw(self.config.samples)
        return self.waiting.pop(0)

    @torch.no_grad()
    def _draw(self, count: int) -> list[Code]:
        rows = []
        for _ in range(count):
            self.numbers.begin()
            rows.append([self.numbers.random() for _ in range(self.edges)])
        codes = drawn(self.learner.controller, torch.tensor(rows, dtype=torch.float64)).codes
        return [tuple(code) for code in codes.tolist()]

    def observe(self, evaluation: Evaluation) -> None:
        """Hear of a cell; after the last one of a batch, learn."""
        self.heard.append((evaluation.code, evaluation.val))
        if len(self.heard) == self.config.samples:
            codes, worth = zip(*self.heard, strict=True)
            self.heard = []
            self.learner.learn(torch.tensor(codes), torch.tensor(worth, dtype=torch.float64))

    def state_dict(self) -> dict[str, Any]:
        """Return the policy, what waits and what was heard."""
        return {
            "learner": self.learner.state_dict(),
            "numbers": self.numbers.getstate(),
            "waiting": list(self.waiting),
            "heard": list(self.heard),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another was."""
        self.learner.load_state_dict(state["learner"])
        self.numbers.setstate(state["numbers"])
        self.waiting = [tuple(code) for code in state["waiting"]]
        self.heard = [(tuple(code), worth) for code, worth in state["heard"]]
