"""Policies: their one step, what they do, and how likely it was."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from papers.gtn.cartpole import physics
from papers.gtn.cartpole.policy import Pairs, Played, Policy, logistic

LIMIT, MEMBERS, EPISODES = 60, 3, 4


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def played(policy: Policy, weights: tuple[torch.Tensor, ...]) -> Played:
    random = stream(5)
    state = physics.starts(MEMBERS, EPISODES, random=random)
    return policy.play(weights, state, logistic(LIMIT, MEMBERS, EPISODES, random=random))


def test_a_step_is_that_of_torchs_sgd_on_the_mean_square():
    policy, random = Policy((6, 5)), stream()
    weights = policy.draw([1, 2])
    pairs = Pairs(torch.randn(9, 4, generator=random), torch.randn(9, 2, generator=random))
    taught = policy.taught(weights, torch.tensor(0.3).log(), pairs)
    for member in range(2):
        own = tuple(w[member : member + 1].clone().requires_grad_() for w in weights)
        F.mse_loss(policy.forward(own, pairs.observations[None])[0], pairs.targets).backward()
        torch.optim.SGD(own, lr=0.3).step()
        for expected, found in zip(own, taught, strict=True):
            torch.testing.assert_close(found[member], expected[0], rtol=1e-5, atol=1e-6)


def test_a_policy_is_a_perceptron_of_its_own_seed():
    policy = Policy((6, 5))
    weights = policy.draw([7, 8])
    assert [tuple(w.shape) for w in weights] == [
        (2, 4, 6), (2, 1, 6), (2, 6, 5), (2, 1, 5), (2, 5, 2), (2, 1, 2)
    ]  # fmt: skip
    x = torch.randn(2, 11, 4, generator=stream())
    for member, seed in enumerate((7, 8)):
        alone = policy.draw([seed])
        assert all(torch.equal(a[0], w[member]) for a, w in zip(alone, weights, strict=True))
        hidden = x[member]
        for place in (0, 2):
            hidden = F.leaky_relu(hidden @ alone[place][0] + alone[place + 1][0], 0.1)
        expected = hidden @ alone[4][0] + alone[5][0]
        torch.testing.assert_close(policy.forward(weights, x)[member], expected)


def test_episodes_at_once_are_what_each_is_alone():
    """Step by step in a plain loop, until it falls or the limit is there."""
    policy = Policy((6, 5))
    weights, random = policy.draw(range(MEMBERS)), stream(5)
    state = physics.starts(MEMBERS, EPISODES, random=random)
    noise = logistic(LIMIT, MEMBERS, EPISODES, random=random)
    together = policy.play(weights, state, noise)
    assert together.returns.min() < LIMIT
    for member in range(MEMBERS):
        own = tuple(w[member : member + 1] for w in weights)
        for episode in range(EPISODES):
            at, steps = state[member, episode], 0
            while steps < LIMIT and bool(physics.stands(at)):
                right = policy.leaning(own, at[None, None])[0, 0] > noise[steps, member, episode]
                seen = together.observations[steps, member, episode]
                torch.testing.assert_close(seen, at, rtol=1e-4, atol=1e-5)
                assert together.right[steps, member, episode] == right
                at, steps = physics.advance(at, right), steps + 1
            assert together.returns[member, episode] == steps


def test_pushes_are_drawn_from_the_softmax():
    policy = Policy((6, 5))
    weights = policy.draw([3])
    state = physics.starts(1, 1, random=stream()).expand(1, 20_000, 4)
    right = policy.play(weights, state, logistic(1, 1, 20_000, random=stream(1))).right
    expected = policy.forward(weights, state).softmax(-1)[0, 0, 1].item()
    assert right.float().mean().item() == pytest.approx(expected, abs=0.015)
    sure = policy.play(weights, state, torch.zeros(1, 1, 20_000)).right
    assert bool((sure == (expected > 0.5)).all())


def test_likelihoods_are_those_of_the_softmax():
    policy = Policy((6, 5))
    weights = policy.draw(range(MEMBERS))
    found = played(policy, weights)
    log_p = policy.log_likelihood(weights, found)
    for member in range(MEMBERS):
        own = tuple(w[member : member + 1] for w in weights)
        seen = found.observations[:, member].flatten(0, 1)
        both = policy.forward(own, seen[None])[0].log_softmax(-1)
        done = found.right[:, member].flatten().long()
        expected = both.gather(1, done[:, None])[:, 0]
        torch.testing.assert_close(log_p[:, member].flatten(), expected, rtol=1e-4, atol=1e-5)


def test_what_is_still_to_come_is_summed_and_discounted():
    policy = Policy((6, 5))
    found, discount = played(policy, policy.draw(range(MEMBERS))), 0.9
    rest, total = found.rest(discount), torch.zeros(MEMBERS, EPISODES)
    for step in reversed(range(len(found.stood))):
        total = found.stood[step] * (1 + discount * total)
        torch.testing.assert_close(rest[step], total, rtol=1e-4, atol=1e-5)
    assert found.returns.min() < len(found.stood)
