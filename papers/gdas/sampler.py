"""The differentiable sampler: one operation for each edge, and a gradient for all of them.

Dong & Yang 2019, arXiv:1910.04465, Sec. 3.2: Eq. 3 (the Gumbel-max trick), Eq. 4 (its softmax),
Eq. 5 (hard in the forward pass, soft in the backward one).

    g ~ Gumbel(0, 1)    `gumbel(...)`          tau     `temperature(...)`
    h~ (soft sample)    `soft`                 h (one-hot sample)  `hard`

How often an operation is drawn does not depend on tau: the largest of log p + g is the same before
and after the division. Tau decides how far the gradient spreads over the other operations.

Shapes: E edges, O operations.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from papers.cells.supernet.relaxation import Relaxation, log_weights
from papers.gdas.config import Gdas

TINY = torch.finfo(torch.float32).tiny  # keeps the logarithm of a drawn 0 finite


def temperature(config: Gdas, turn: int, horizon: int) -> float:
    """Return tau at a turn: it falls with each epoch by the same amount, from first to last."""
    epoch = turn * config.epochs // max(horizon, 1)
    return config.tau - (config.tau - config.lowest_tau) * epoch / max(config.epochs - 1, 1)


def gumbel(shape: torch.Size, drawn: torch.Generator) -> Tensor:
    """Return draws of Gumbel(0, 1), -log of Exp(1), on the CPU: alike on every device."""
    waits = torch.empty(shape).exponential_(generator=drawn)
    return -waits.clamp_min(TINY).log()


def straight_through(logs: Tensor, noise: Tensor, tau: float) -> Tensor:
    """Return a one-hot row for each edge (E, O) with the gradient of its soft sample (Eq. 4, 5).

    Args:
        logs: log-probabilities (E, O).
        noise: Gumbel noise (E, O).
        tau: temperature.
    """
    soft = ((logs + noise) / tau).softmax(1)
    hard = torch.zeros_like(soft).scatter_(1, soft.detach().argmax(1, keepdim=True), 1.0)
    return hard + (soft - soft.detach())  # the difference is exactly 0: the value is one-hot


class Sampler:
    """Draws a fresh sample at every call, at the temperature of the turn.

    `last` has the operations of each sample that the turn has drawn, oldest first.
    """

    def __init__(self, config: Gdas, seed: int) -> None:
        self.config, self.tau = config, config.tau
        self.stream = torch.Generator().manual_seed(seed)
        self.last: list[tuple[int, ...]] = []

    def cool(self, turn: int, horizon: int) -> None:
        """Take the temperature of a turn; forget what the turn before has drawn."""
        self.tau = temperature(self.config, turn, horizon)
        self.last.clear()

    def __call__(self, relaxation: Relaxation, name: str) -> Tensor:
        """Return a sample for a type of cell, (E, O)."""
        logs = log_weights(relaxation, name)
        noise = gumbel(logs.shape, self.stream).to(logs)
        sample = straight_through(logs, noise, self.tau)
        self.last.append(tuple(sample.detach().argmax(1).tolist()))
        return sample

    def state_dict(self) -> dict[str, Any]:
        """Return where the stream is, and the temperature."""
        return {"stream": self.stream.get_state(), "tau": self.tau}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another was."""
        self.stream.set_state(state["stream"].cpu())
        self.tau = state["tau"]
