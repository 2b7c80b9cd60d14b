"""The outer loop: what pairs do to fresh policies is judged by episodes, which have no gradient.

    loss = - mean over steps of  log pi(a | s; theta') (R - V(s))

theta' is a policy after its one step, R what was still to come, V a network that is fitted to
what policies so far have got (advantage actor-critic; REINFORCE with a baseline). The gradient
goes through theta' into rate and pairs. Every outer step draws from a random stream of its own.

Shapes: K learners, E episodes of each, T steps of an episode.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from harness.training import loop, optim
from papers.gtn.cartpole import physics
from papers.gtn.cartpole.pairs import SOURCES
from papers.gtn.cartpole.policy import INPUTS, Played, Policy, logistic
from papers.gtn.config import GRACE
from papers.gtn.layers import kaiming
from papers.gtn.learner import Tensors
from papers.gtn.teaching import Diverged

if TYPE_CHECKING:
    from papers.gtn.cartpole.config import PoleTeaching


def reinforce(likelihood: Tensor, advantage: Tensor, stood: Tensor) -> Tensor:
    """Return the mean over steps that were taken of - log pi (R - V): all (T, K, E) -> ()."""
    return -torch.where(stood, likelihood * advantage, 0.0).sum() / stood.sum()


class Outer:
    """A source of pairs, a rate, a value network, and what descends on them."""

    def __init__(
        self, config: PoleTeaching, stream: Callable[..., int], horizon: int, device: str = "cpu"
    ) -> None:
        """Take named random streams (`trial.stream`) and the number of outer steps."""
        self.config, self.stream, self.horizon, self.device = config, stream, horizon, device
        self.policy = Policy(config.hidden)
        random = self.random("start")
        self.source = SOURCES[config.treatment](config, random).to(device)
        self.rate = nn.Parameter(torch.tensor(config.first_rate, device=device).log())
        self.values = values(config.value_hidden, random).to(device)
        self.parameters = [*self.source.parameters(), self.rate]
        self.optimizer = torch.optim.Adam(self.parameters, config.outer_lr, foreach=True)
        self.fitting = torch.optim.Adam(self.values.parameters(), config.value_lr, foreach=True)
        self.skipped, self.in_a_row = 0, 0

    def random(self, *names: str | int) -> torch.Generator:
        """Return the generator of a named stream."""
        return torch.Generator().manual_seed(self.stream(*names))

    def fresh(self, count: int, *names: str | int) -> Tensors:
        """Return the weights of fresh policies."""
        seeds = [self.stream("learner", *names, k) for k in range(count)]
        return self.policy.draw(seeds, self.device)

    def play(
        self, weights: Tensors, episodes: int, random: torch.Generator, draw: bool = True
    ) -> Played:
        """Let policies play episodes from random starts; they draw what they do, or are sure."""
        size = (len(weights[0]), episodes)
        state = physics.starts(*size, random=random).to(self.device)
        noise = logistic(self.config.limit, *size, random=random) * draw
        return self.policy.play(weights, state, noise.to(self.device))

    def worth(self, observations: Tensor) -> Tensor:
        """Return V(s) (T, K, E); the network gives it in units of what endless play is worth."""
        given: Tensor = self.values(observations).squeeze(-1) / (1 - self.config.discount)
        return given

    def loss(self, taught: Tensors, played: Played) -> Tensor:
        """Return the outer loss of episodes: through the policies a function of rate and pairs."""
        with torch.no_grad():
            advantage = played.rest(self.config.discount) - self.worth(played.observations)
        return reinforce(self.policy.log_likelihood(taught, played), advantage, played.stood)

    def update(self, turn: int) -> None:
        """Take an outer step, then fit the value network to its episodes.

        Raises:
            Diverged: for the third time in a row the gradient was not finite; nothing was changed.
        """
        config, random = self.config, self.random("outer", turn)
        highest = config.outer_lr
        rate = optim.cosine(turn, self.horizon, highest, highest * config.last_lr)
        optim.set_rate(self.optimizer, rate)
        fresh = self.fresh(config.learners, turn)
        taught = self.policy.taught(fresh, self.rate, self.source.give(random))
        played = self.play(tuple(w.detach() for w in taught), config.episodes, random)
        self.optimizer.zero_grad()
        self.loss(taught, played).backward()
        if not all(p.grad is None or bool(p.grad.isfinite().all()) for p in self.parameters):
            self._leave_out(turn)
            return
        self.optimizer.step()
        self.in_a_row = 0
        self._fit(played)

    def _fit(self, played: Played) -> None:
        """Descend on the mean square of R - V, relative to what endless play is worth."""
        seen = played.observations[played.stood]
        scale = 1 - self.config.discount
        wanted = played.rest(self.config.discount)[played.stood] * scale
        for _ in range(self.config.value_steps):
            error = self.worth(seen) * scale - wanted
            loop.descend(error.square().mean(), self.fitting)

    def _leave_out(self, turn: int) -> None:
        self.skipped, self.in_a_row = self.skipped + 1, self.in_a_row + 1
        if self.in_a_row == GRACE:
            raise Diverged(
                f"outer step {turn}: the meta-gradient was not finite {GRACE} times in a row; "
                "a lower outer_lr or first_rate keeps it finite"
            )

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed run needs."""
        return {
            "source": self.source.state_dict(),
            "rate": self.rate.detach(),
            "values": self.values.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "fitting": self.fitting.state_dict(),
            "counts": [self.skipped, self.in_a_row],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take an earlier attempt's pairs over."""
        for name in ("source", "values", "optimizer", "fitting"):
            getattr(self, name).load_state_dict(state[name])
        with torch.no_grad():
            self.rate.copy_(state["rate"])
        self.skipped, self.in_a_row = state["counts"]


def values(units: int, random: torch.Generator) -> nn.Sequential:
    """Return a value network at its beginning."""
    layers = [nn.Linear(INPUTS, units), nn.Linear(units, 1)]
    with torch.no_grad():
        for layer in layers:
            layer.weight.copy_(kaiming(tuple(layer.weight.shape), random))
            layer.bias.zero_()
    return nn.Sequential(layers[0], nn.Tanh(), layers[1])
