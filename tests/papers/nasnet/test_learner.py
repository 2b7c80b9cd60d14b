"""What a policy learns: gradients against enumerated ones, PPO's ratios, the moving baseline."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import pytest
import torch

from papers.cells.space.allowed import allowed
from papers.cells.space.edge import T0
from papers.nasnet.config import POLICIES, Learning
from papers.nasnet.learner import Baseline, Learner, surrogate
from papers.nasnet.policy import policy

SOME = allowed(T0)
CODES = torch.tensor(SOME.codes)
PPO = Learning(gradient="ppo", epochs=4)


def worths(count: int = len(SOME)) -> torch.Tensor:
    return torch.rand(count, generator=torch.Generator().manual_seed(5), dtype=torch.float64)


def gradient(controller, loss: torch.Tensor) -> list[torch.Tensor]:
    return [
        torch.zeros_like(weight) if own is None else own
        for weight, own in zip(
            controller.parameters(),
            torch.autograd.grad(loss, tuple(controller.parameters()), allow_unused=True),
            strict=True,
        )
    ]


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("baseline", [0.0, 0.3, -2.0])
def test_reinforce_in_the_mean_is_the_gradient_of_the_enumerated_reward(name, baseline):
    """T2 of the spec: sum pi (R - b) grad log pi is the gradient of sum pi R, for any b."""
    controller = policy(Learning(policy=name), SOME, 2).double()
    worth = worths()
    log_prob = controller.evaluate(CODES).log_prob
    expected = gradient(controller, (log_prob.exp() * worth).sum())
    log_prob = controller.evaluate(CODES).log_prob
    gain = surrogate(Learning(), log_prob, log_prob.detach(), worth - baseline)
    found = gradient(controller, (log_prob.detach().exp() * gain).sum())
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-9)
    assert max(one.abs().max() for one in expected) > 1e-6


@pytest.mark.parametrize("name", POLICIES)
def test_ppos_ratio_is_one_at_its_first_step_and_its_gradient_reinforces(name):
    controller = policy(Learning(policy=name), SOME, 2).double()
    advantages = worths() - 0.5
    found = []
    for config in (Learning(), PPO):
        log_prob = controller.evaluate(CODES).log_prob
        gain = surrogate(config, log_prob, log_prob.detach(), advantages)
        found.append(gradient(controller, gain.sum()))
    assert torch.equal(gain.detach(), advantages)  # ratio 1
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


def test_ppo_stops_where_a_ratio_has_gone_as_far_as_it_may():
    old = torch.zeros(4, dtype=torch.float64)
    log_prob = torch.tensor([1.3, 1.3, 0.7, 0.7], dtype=torch.float64).log().requires_grad_()
    advantages = torch.tensor([1.0, -1.0, 1.0, -1.0], dtype=torch.float64)
    gain = surrogate(PPO, log_prob, old, advantages)
    assert gain.tolist() == pytest.approx([1.2, -1.3, 0.7, -0.8])
    (slope,) = torch.autograd.grad(gain.sum(), log_prob)
    assert slope.tolist() == pytest.approx([0, -1.3, 0.7, 0])


def test_further_steps_of_ppo_go_further_and_stay_near():
    """Four steps on a batch move pi more than one; where ratios are cut off, none goes on."""
    moved = {}
    for epochs in (1, 4, 400):
        learner = Learner(policy(PPO, SOME, 0), replace(PPO, epochs=epochs, rate=0.05, clip=0.1))
        learner.learn(CODES[:2], torch.tensor([0.9, 0.1], dtype=torch.float64))
        with torch.no_grad():
            after = learner.controller.evaluate(CODES[:2]).log_prob
            before = policy(PPO, SOME, 0).evaluate(CODES[:2]).log_prob
        moved[epochs] = (after - before).exp()
    assert moved[1][0] < moved[4][0]
    assert moved[400][0] >= 1.1  # beyond the cut there is no slope, but Adam's momentum
    assert moved[400][0] < 2.5


def test_the_baseline_is_the_weighted_mean_of_all_rewards_so_far():
    baseline, seen = Baseline(0.9), [0.2, 0.8, 0.5]
    told = [baseline.update(reward) for reward in seen]
    assert told[0] == pytest.approx(0.2)  # nothing is praised or blamed at first
    weights = [0.9**2, 0.9, 1.0]
    expected = sum(w * r for w, r in zip(weights, seen, strict=True)) / sum(weights)
    assert told[2] == pytest.approx(expected)
    assert Baseline(0.0).update(0.3) == pytest.approx(0.3)


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_learns_which_cells_are_good(name):
    """T24 of the spec: rewards for an operation make it likely, and entropy holds that back."""
    found = {}
    for entropy in (0.0, 1.0):
        config = Learning(policy=name, rate=0.05, samples=20, entropy=entropy)
        learner, stream = (
            Learner(policy(config, SOME, 0), config),
            torch.Generator().manual_seed(0),
        )
        for _ in range(120):
            with torch.no_grad():
                codes = learner.controller.sample(20, stream).codes
            learner.learn(codes, (codes == 1).double().mean(1))  # skip is worth most
        with torch.no_grad():
            skips = torch.ones(1, len(T0.edges), dtype=torch.int64)
            found[entropy] = learner.controller.evaluate(skips).log_prob.exp().item()
    assert found[0.0] > 0.5
    assert found[1.0] < found[0.0] / 2


def test_rewards_are_powers_and_never_of_what_is_negative():
    learners = [Learner(policy(c, SOME, 0), c) for c in (Learning(), Learning(power=3.0))]
    for learner in learners:
        learner.learn(CODES[:2], torch.tensor([0.5, -0.3], dtype=torch.float64))
    sums = [learner.baseline.sum / learner.baseline.weight for learner in learners]
    assert sums == pytest.approx([0.25, 0.0625])


@pytest.mark.parametrize("name", POLICIES)
def test_a_learner_goes_on_where_another_was(name):
    config = Learning(policy=name, samples=4, gradient="ppo", epochs=2)
    one, other = (Learner(policy(config, SOME, seed), config) for seed in (0, 1))
    one.learn(CODES[:4], worths(4))
    other.load_state_dict(deepcopy(one.state_dict()))  # a checkpoint is a copy
    for learner in (one, other):
        learner.learn(CODES[4:8], worths(4))
    for mine, theirs in zip(
        one.controller.parameters(), other.controller.parameters(), strict=True
    ):
        assert torch.equal(mine, theirs)
    assert one.baseline.sum == other.baseline.sum
