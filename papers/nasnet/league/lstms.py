"""LSTM policies side by side: the fast form of `Reinforced`, one controller for all weights.

The controller of one search is mapped over the stacked weights of R searches; every product
becomes a batched one, and Adam works on each number by itself anyway.

Shapes: R searches, T turns, N cells of a batch, E edges.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn import functional as F  # noqa: N812

from papers.cells.searcher.numbers import Floats, Ints, rows
from papers.cells.searcher.policy import Controller, Policy
from papers.cells.space.allowed import Allowed
from papers.nasnet.config import Learning
from papers.nasnet.league.places import Places
from papers.nasnet.learner import Baseline, surrogate
from papers.nasnet.policy import drawn, policy


class PlainCell(nn.LSTMCell):
    """Torch's LSTM cell in operations that can be mapped over weights; its own cannot."""

    def forward(
        self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return the next state, each part (N, H)."""
        assert hx is not None
        gates = F.linear(input, self.weight_ih) + F.linear(hx[0], self.weight_hh)
        let_in, keep, new, out = gates.chunk(4, -1)
        c = keep.sigmoid() * hx[1] + let_in.sigmoid() * new.tanh()
        return out.sigmoid() * c.tanh(), c


class Walk(nn.Module):
    """A controller as a function of numbers, or of codes."""

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self.controller = controller

    def forward(self, numbers: Tensor | None, codes: Tensor | None) -> tuple[Tensor, ...]:
        """Return the codes that numbers (N, E) stand for; or of codes log pi and entropy (N)."""
        if numbers is not None:
            return (drawn(self.controller, numbers).codes,)
        assert codes is not None
        draw = self.controller.evaluate(codes)
        return draw.log_prob, draw.entropy


def plain(controller: Controller) -> Controller:
    """Return a controller with a plain cell; its weights are given to it at every call."""
    own = controller.get_submodule("policy")
    assert isinstance(own, Policy)
    own.lstm = PlainCell(own.hidden, own.hidden, bias=False)
    return controller


class Lstms:
    """R LSTM policies, which draw and learn together."""

    def __init__(
        self, allowed: Allowed, config: Learning, seeds: Sequence[int], turns: int
    ) -> None:
        self.config = config
        walks = [Walk(policy(config, allowed, seed)) for seed in seeds]
        stacked, _ = stack_module_state(walks)
        self.walk, self.edges = Walk(plain(policy(config, allowed, 0))), len(allowed.space.edges)
        self.weights = {name: nn.Parameter(own.detach()) for name, own in stacked.items()}
        self.optimizer = torch.optim.Adam(self.weights.values(), config.rate, foreach=True)
        self.places = Places(allowed)
        whole = -(-turns // config.samples) * config.samples
        self.numbers = rows(seeds, whole, self.edges)  # (R, T, E)
        self.baselines = [Baseline(config.decay) for _ in seeds]
        self.turn = 0
        self.codes = torch.zeros(len(seeds), 0, self.edges, dtype=torch.int64)  # (R, N, E)
        self.heard: list[Floats] = []

    def propose(self) -> Ints:
        """Return the next cell of each search (R)."""
        number = self.turn % self.config.samples
        if number == 0:
            rows_of = self.numbers[:, self.turn : self.turn + self.config.samples]
            with torch.no_grad():
                (self.codes,) = self._walk(torch.from_numpy(rows_of), None)
        self.turn += 1
        return self.places(self.codes[:, number].numpy())

    def _walk(self, numbers: Tensor | None, codes: Tensor | None) -> Any:
        """Walk with every search's own weights."""

        def one(weights: Any, numbers: Tensor | None, codes: Tensor | None) -> Any:
            return functional_call(self.walk, weights, (numbers, codes))

        given = (None if numbers is None else 0, None if codes is None else 0)
        return vmap(one, (0, *given))(self.weights, numbers, codes)

    def observe(self, places: Ints, worth: Floats) -> None:
        """Hear of each search's cell (R); after the last one of a batch, learn."""
        self.heard.append(worth)
        if len(self.heard) == self.config.samples:
            self._learn(torch.from_numpy(np.stack(self.heard, 1)))
            self.heard = []

    def _learn(self, worth: Tensor) -> None:
        """Take the steps that a batch asks for; `worth` is (R, N)."""
        config = self.config
        rewards = worth.clamp(min=0) ** config.power
        expected = [
            baseline.update(float(own.mean()))
            for baseline, own in zip(self.baselines, rewards, strict=True)
        ]
        advantages = rewards - torch.tensor(expected, dtype=rewards.dtype)[:, None]
        old: Tensor | None = None
        for _ in range(config.epochs):
            log_prob, entropy = self._walk(None, self.codes)
            old = log_prob.detach() if old is None else old
            gain = surrogate(config, log_prob, old, advantages.to(log_prob))
            loss = -(gain + config.entropy * entropy).mean(1).sum()
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()

    def state_dict(self) -> dict[str, Any]:
        """Return the policies and what was heard; the numbers follow from the seeds."""
        return {
            "weights": {name: own.detach().clone() for name, own in self.weights.items()},
            "optimizer": self.optimizer.state_dict(),
            "baselines": [[baseline.sum, baseline.weight] for baseline in self.baselines],
            "codes": self.codes,
            "heard": [torch.from_numpy(worth.copy()) for worth in self.heard],
            "turn": self.turn,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where others of the same seeds were."""
        with torch.no_grad():
            for name, own in state["weights"].items():
                self.weights[name].copy_(own)
        self.optimizer.load_state_dict(state["optimizer"])
        for baseline, (total, weight) in zip(self.baselines, state["baselines"], strict=True):
            baseline.sum, baseline.weight = total, weight
        self.codes, self.turn = state["codes"], state["turn"]
        self.heard = [worth.numpy().copy() for worth in state["heard"]]
