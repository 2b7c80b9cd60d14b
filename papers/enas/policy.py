"""Who proposes architectures: a controller that learns, one that does not, or nobody.

The two that do not learn are the controls that the paper lacks. Codes are lists of integers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from statistics import fmean
from typing import Any, Protocol

import torch
from torch import Tensor

from papers.cells.rows import Seed
from papers.cells.searcher.policy import Controller
from papers.enas.learning import Learning
from papers.enas.reinforce import Penalty, Reinforce

Code = list[int]
Score = Callable[[Sequence[Code]], Tensor]


class Policy(Protocol):
    """Who proposes architectures."""

    @property
    def stateful(self) -> dict[str, Any]:
        """Everything that a resumed trial restores, by name."""
        ...

    def draw(self, count: int) -> list[Code]:
        """Return architectures."""
        ...

    def shown(self, count: int, seed: int) -> list[Code]:
        """Return architectures to look at, without moving the policy's own stream."""
        ...

    def learn(self, score: Callable[[], Score]) -> None:
        """Take a round of updates; each is given a score on rows of its own."""
        ...

    def row(self) -> dict[str, float]:
        """Return how far the policy has come."""
        ...


class Uniform:
    """Draws uniformly, and never learns: random search with weight sharing."""

    def __init__(self, draw: Callable[[Random], Sequence[int]], seed: int) -> None:
        self._draw, self.stream = draw, Random(seed)

    @property
    def stateful(self) -> dict[str, Any]:
        """Everything that a resumed trial restores, by name."""
        return {"paths_drawn": self.stream}

    def draw(self, count: int) -> list[Code]:
        """Return architectures."""
        return [list(self._draw(self.stream)) for _ in range(count)]

    def shown(self, count: int, seed: int) -> list[Code]:
        """Return architectures to look at."""
        return Uniform(self._draw, seed).draw(count)

    def learn(self, score: Callable[[], Score]) -> None:
        """Learn nothing."""

    def row(self) -> dict[str, float]:
        """Return nothing: there is nothing to tell."""
        return {}


class Controlled:
    """Draws from a controller, which learns unless it is frozen."""

    def __init__(self, learner: Reinforce, frozen: bool) -> None:
        self.learner, self.frozen = learner, frozen
        self.last: dict[str, float] = {}

    @property
    def stateful(self) -> dict[str, Any]:
        """Everything that a resumed trial restores, by name."""
        return {**self.learner.stateful, "learned": self.last}

    def draw(self, count: int) -> list[Code]:
        """Return architectures."""
        codes: list[Code] = self.learner.draw(count).tolist()
        return codes

    @torch.no_grad()
    def shown(self, count: int, seed: int) -> list[Code]:
        """Return architectures to look at, and note how sure the controller is of them."""
        where = self.learner.controller.order.device
        draw = self.learner.controller.sample(count, torch.Generator(where).manual_seed(seed))
        self.last["theta_entropy"] = float(draw.entropies.mean())
        codes: list[Code] = draw.codes.tolist()
        return codes

    def learn(self, score: Callable[[], Score]) -> None:
        """Take a round of updates."""
        if self.frozen:
            return
        config = self.learner.config
        scores = []
        for _ in range(config.updates):
            on_rows = score()
            scores.append(self.learner.update(lambda codes, f=on_rows: f(codes.tolist())))  # type: ignore[misc]
        self.last["reward"] = fmean(scores)

    def row(self) -> dict[str, float]:
        """Return mean entropy of a decision, in nats, and the mean reward of the last round."""
        return dict(self.last)


def policy_of(
    config: Learning,
    draw: Callable[[Random], Sequence[int]],
    controller: Callable[[], Controller],
    seed: Seed,
    penalty: Callable[[Controller], Penalty | None] = lambda controller: None,
) -> Policy:
    """Return who proposes, as the config says: `draw` uniformly, or a `controller`."""
    if config.policy == "uniform":
        return Uniform(draw, seed("paths"))
    own = controller()
    learner = Reinforce(own, config, seed("paths"), penalty(own))
    return Controlled(learner, config.policy == "frozen")
