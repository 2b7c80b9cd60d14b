"""ENAS's search of edge cells in one task: shared weights and theta in turns (Sec. 2.2).

What is charged: a step along each path, and a forward pass for each score. The controller itself,
some 5 % of that in time, has no FLOPs here.

Shapes: N rows, L positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from harness.training import optim
from papers.cells.child.mnist1d import Signals
from papers.cells.league import derive
from papers.cells.league.costs import Costs
from papers.cells.league.shared_weights import SharedWeights
from papers.cells.network import light
from papers.cells.rows import BatchStream, Part, Seed
from papers.cells.searcher.controller import EdgeController
from papers.cells.space.allowed import Allowed
from papers.cells.space.edge import Code as Cell
from papers.enas.league.config import LeagueSearch
from papers.enas.league.statistics import FORMS, tracked
from papers.enas.policy import Code, Score, policy_of
from papers.enas.rounds import Rounds


class EdgePaths(Rounds[Cell]):
    """Shared weights of all cells, and the policy that proposes allowed ones."""

    def __init__(
        self, allowed: Allowed, config: LeagueSearch, signals: Signals, seed: Seed, costs: Costs
    ) -> None:
        space, where = allowed.space, signals.train.x.device

        def controller() -> EdgeController:
            own = EdgeController(space, config.preset, seed("theta"), allowed=allowed)
            return own.to(where)

        policy = policy_of(config, allowed.random, controller, seed)
        super().__init__(config, policy, tuple)
        self.allowed, self.config, self.costs = allowed, config, costs
        self._path: Cell = allowed.codes[0]
        self.weights = SharedWeights(space, config, signals.train, seed, lambda: self._path)
        self.shared = FORMS[config.norms](tracked(self.weights.supernet))
        self.scored = BatchStream(signals.val, config.score_batch, seed("scored"), batch_last=True)

    @property
    def stateful(self) -> dict[str, Any]:
        """Everything that a resumed trial restores, by name."""
        return {**super().stateful, **self.weights.stateful, "scored": self.scored}

    def train(self, code: Code, turn: int, horizon: int) -> None:
        """Take a step of the shared weights along a path; what it does not run stays as it is."""
        config, self._path = self.config, tuple(code)
        self.weights.step(optim.cosine(turn, horizon, config.lr, config.lowest_lr))
        self.costs.step(light.macs(self.allowed.space, self._path), config.batch)

    def common(self) -> Score:
        """Return what scores cells on the next validation rows, the same for all of them."""
        x, y = next(self.scored)
        part = Part(x.T.contiguous(), y)

        def score(codes: Sequence[Code]) -> torch.Tensor:
            for code in codes:
                self.costs.score(light.macs(self.allowed.space, tuple(code)), len(y))
            return torch.tensor([derive.score(self.shared, tuple(code), part) for code in codes])

        return score

    def derive(self, count: int) -> None:
        """Leave it to a phase of its own, in which each candidate is charged."""
