"""REINFORCE on a controller (Sec. 2.2): theta is trained on what its architectures are worth.

    R = score + beta H      A = R - b      loss = -mean(A log pi) + penalty

The baseline b follows the mean reward of an update, and begins at the first one's: with the
release's 0 the first rewards would praise whatever was drawn. H is the true entropy of the
decisions along a trajectory, and acts through R alone.

Shapes: N architectures, D decisions of each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from papers.cells.searcher.policy import Controller, Draw
from papers.enas.learning import Learning

Score = Callable[[Tensor], Tensor]  # codes (N, D) -> what each is worth (N)
Penalty = Callable[[Draw], Tensor]  # (N), added to the loss


class Reinforce:
    """A controller, its optimizer, its baseline, and the stream that it draws from."""

    def __init__(
        self,
        controller: Controller,
        config: Learning,
        seed: int,
        penalty: Penalty | None = None,
    ) -> None:
        self.controller, self.config, self.penalty = controller, config, penalty
        self.stream = torch.Generator(controller.order.device).manual_seed(seed)
        betas = (config.theta_beta1, 0.999)
        self.optimizer = torch.optim.Adam(
            controller.parameters(), config.theta_lr, betas, config.theta_eps
        )
        self.baseline: float | None = None

    @property
    def stateful(self) -> dict[str, Any]:
        """Everything that a resumed trial restores, by name."""
        return {"controller": self.controller, "theta_optimizer": self.optimizer, "learner": self}

    def state_dict(self) -> dict[str, Any]:
        """Return what neither controller nor optimizer knows."""
        return {"stream": self.stream.get_state(), "baseline": self.baseline}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another was."""
        self.stream.set_state(state["stream"])
        self.baseline = state["baseline"]

    @torch.no_grad()
    def draw(self, count: int) -> Tensor:
        """Return architectures (N, D), all drawn at once."""
        return self.controller.sample(count, self.stream).codes

    def update(self, score: Score) -> float:
        """Draw architectures, ask what they are worth, and take a step; return the mean score."""
        draw = self.controller.sample(self.config.samples, self.stream)
        scores = score(draw.codes).to(draw.log_probs)
        rewards = scores + self.config.entropy * draw.entropy.detach()
        mean, decay = float(rewards.mean()), self.config.baseline_decay
        if self.baseline is None:
            self.baseline = mean
        loss = objective(draw, rewards, self.baseline)
        if self.penalty is not None:
            loss = loss + self.penalty(draw).mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.baseline = decay * self.baseline + (1 - decay) * mean
        return float(scores.mean())


def objective(draw: Draw, rewards: Tensor, baseline: float) -> Tensor:
    """Return -mean (R - b) log pi, whose gradient is that of minus the expected reward."""
    return -((rewards - baseline) * draw.log_prob).mean()
