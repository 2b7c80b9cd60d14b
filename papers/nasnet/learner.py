"""REINFORCE and PPO on a policy: theta learns what architectures are worth.

    A = R - b      ratio = pi(a) / pi_old(a)

REINFORCE goes up A log pi, PPO up min(ratio A, clip(ratio) A); both go up the decisions' entropy.
The baseline b is the moving average of rewards, the present ones among them, divided by the sum of
its weights, as NATS-Bench has it: the very first architecture is worth what was expected.

Shapes: N architectures of a batch, D decisions of each.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from papers.cells.searcher.policy import Controller
from papers.nasnet.config import Learning


class Baseline:
    """The moving average of rewards, without the bias of where it began."""

    def __init__(self, decay: float) -> None:
        self.decay, self.sum, self.weight = decay, 0.0, 0.0

    def update(self, reward: float) -> float:
        """Hear of a mean reward; return the average with it."""
        self.sum = self.decay * self.sum + (1 - self.decay) * reward
        self.weight = self.decay * self.weight + (1 - self.decay)
        return self.sum / self.weight


class Learner:
    """A policy, its optimizer and its baseline."""

    def __init__(self, controller: Controller, config: Learning) -> None:
        self.controller, self.config = controller, config
        self.optimizer = torch.optim.Adam(controller.parameters(), config.rate)
        self.baseline = Baseline(config.decay)

    def learn(self, codes: Tensor, worth: Tensor) -> None:
        """Take the steps that architectures (N, D) and what they are worth (N) ask for."""
        config = self.config
        rewards = worth.clamp(min=0) ** config.power
        advantages = rewards - self.baseline.update(float(rewards.mean()))
        with torch.no_grad():
            old = self.controller.evaluate(codes).log_prob
        for _ in range(config.epochs):
            draw = self.controller.evaluate(codes)
            gain = surrogate(config, draw.log_prob, old, advantages.to(old))
            loss = -(gain + config.entropy * draw.entropy).mean()
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()

    def state_dict(self) -> dict[str, Any]:
        """Return the policy, the optimizer and the baseline."""
        return {
            "controller": self.controller.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "baseline": [self.baseline.sum, self.baseline.weight],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another was."""
        self.controller.load_state_dict(state["controller"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.baseline.sum, self.baseline.weight = state["baseline"]


def surrogate(config: Learning, log_prob: Tensor, old: Tensor, advantages: Tensor) -> Tensor:
    """Return what each architecture contributes to the objective that is maximised (N)."""
    if config.gradient == "reinforce":
        return advantages * log_prob
    ratio = (log_prob - old).exp()
    cut = ratio.clamp(1 - config.clip, 1 + config.clip)
    return torch.minimum(ratio * advantages, cut * advantages)
