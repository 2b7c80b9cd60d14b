"""Meta-train on the cart and pole, then let fresh policies play after their one step.

Rows: the mean return of some fresh policies on the way; and the result, that of many, with what
they get without their step (`untaught_return`) and when they take the likelier push of the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch

from harness.training import loop, metrics
from papers.gtn.cartpole.outer import Outer
from papers.gtn.cartpole.policy import INPUTS, Played
from papers.gtn.teaching import Diverged

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.gtn.cartpole.config import PoleTeaching


def run(config: PoleTeaching, trial: Trial) -> Iterator[Row]:
    """Meta-train, then test with fresh policies, once."""
    outer = Outer(config, trial.stream, trial.meter.horizon("meta"), trial.device)
    trial.restore(outer=outer)
    trial.meter.count_flops("meta", flops(outer))

    def update(turn: int) -> None:
        try:
            outer.update(turn)
        except Diverged:
            trial.save()  # what was there before the steps that were left out
            raise

    def measure(turn: int) -> list[Row]:
        reached = tested(outer, "val", config.learners, config.tested)
        return [{"val_return": mean(reached), "rate": outer.rate.exp().item()}]

    yield from loop.fit(trial.meter, "meta", update, measure, config.eval_every)
    yield examined(outer)


def tested(
    outer: Outer, name: str, policies: int, episodes: int, taught: bool = True, draw: bool = True
) -> Played:
    """Return episodes of fresh policies, after their step or before; `draw`: from the softmax."""
    weights, random = outer.fresh(policies, name), outer.random("episodes", name)
    if taught:
        with torch.no_grad():
            pairs = outer.source.give(random)
        weights = tuple(w.detach() for w in outer.policy.taught(weights, outer.rate, pairs))
    return outer.play(weights, episodes, random, draw)


def mean(played: Played) -> float:
    """Return the mean return of all episodes."""
    return played.returns.float().mean().item()


def examined(outer: Outer) -> Row:
    """Return the result: mean return, and the least and the spread among fresh policies."""
    config = outer.config
    size = ("test", config.evaluated, config.tested)
    reached = tested(outer, *size)
    each = reached.returns.float().mean(1)
    return {
        "return": mean(reached),
        "untaught_return": mean(tested(outer, *size, taught=False)),
        "greedy_return": mean(tested(outer, *size, draw=False)),
        "lowest_return": each.min().item(),
        "return_spread": each.std().item() if len(each) > 1 else 0.0,
        "rate": outer.rate.exp().item(),
        "skipped": outer.skipped,
    }


def flops(outer: Outer) -> float:
    """Return the FLOPs of an outer step whose episodes all reach the limit: the most there are."""
    config = outer.config
    size = (config.limit, config.learners, config.episodes)
    seen = torch.zeros(*size, INPUTS, device=outer.device)
    yes = torch.ones(size, dtype=torch.bool, device=outer.device)
    played = Played(seen, yes, yes)

    def step() -> None:
        fresh = outer.fresh(config.learners, "flops")
        pairs = outer.source.give(outer.random("flops"))
        outer.loss(outer.policy.taught(fresh, outer.rate, pairs), played).backward()
        outer.policy.forward(fresh, seen.transpose(0, 1).flatten(1, 2))  # playing

    counted = metrics.flops(step)
    outer.optimizer.zero_grad()
    return counted
