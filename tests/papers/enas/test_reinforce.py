"""REINFORCE: its gradient is the expected reward's, its baseline begins at the first reward."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from harness.paper import Refused
from papers.cells.searcher.controller import EdgeController, MacroController
from papers.cells.space.edge import T0
from papers.enas.learning import Learning, Searching, Sharing
from papers.enas.reinforce import Reinforce, objective
from tests.lab.controllers import scaled, stream
from tests.lab.states import hand_over

CODES = torch.tensor(list(T0.enumerate()))
PLAIN = Learning(samples=10, theta_lr=0.02, entropy=0.0)


def controller(seed: int = 0) -> EdgeController:
    return scaled(EdgeController(T0, hidden=4), seed, 5.0).double()


def worth(codes: torch.Tensor) -> torch.Tensor:
    """Something that hangs on every decision."""
    return ((codes * torch.tensor([1.0, 3.0, 7.0], dtype=torch.float64)).sum(1) % 5) / 5


def flat(loss: torch.Tensor, model: torch.nn.Module) -> torch.Tensor:
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    return torch.cat([g.flatten() for g in gradients])


@pytest.mark.parametrize("baseline", [0.0, 0.3, -5.0])
def test_the_policy_gradient_is_that_of_the_enumerated_reward(baseline):
    """T2: the gradient of sum pi R, and the mean of what updates follow, for any baseline."""
    model = controller()
    p = model.evaluate(CODES).log_prob.exp()
    exact = flat((p * worth(CODES)).sum(), model)
    expected = torch.zeros_like(exact)
    for code, share in zip(CODES, p.tolist(), strict=True):
        draw = model.evaluate(code[None])
        expected -= share * flat(objective(draw, worth(draw.codes), baseline), model)
    torch.testing.assert_close(expected, exact, rtol=1e-9, atol=1e-12)


def test_drawn_gradients_are_the_expected_ones_but_for_chance():
    model = controller()
    exact = flat((model.evaluate(CODES).log_prob.exp() * worth(CODES)).sum(), model)
    drawn = stream(1)
    batches = []
    for _ in range(40):
        draw = model.sample(500, drawn)
        batches.append(-flat(objective(draw, worth(draw.codes), 0.4), model))
    each = torch.stack(batches)
    error = each.std(0) / len(each) ** 0.5
    assert bool(((each.mean(0) - exact).abs() <= 4.5 * error + 1e-12).all())


def test_the_baseline_begins_at_the_first_reward_and_follows():
    learner = Reinforce(controller(), replace(PLAIN, baseline_decay=0.9), 0)
    means = iter((0.5, 0.1, 0.9))
    seen = []
    for _ in range(3):
        value = next(means)
        learner.update(lambda codes, v=value: torch.full((len(codes),), v))
        seen.append(learner.baseline)
    assert seen == pytest.approx([0.5, 0.46, 0.504])


def test_equal_rewards_move_nothing_in_the_first_update():
    """With a baseline of 0 they would make whatever was drawn more probable."""
    learner = Reinforce(controller(), PLAIN, 0)
    before = [w.clone() for w in learner.controller.parameters()]
    learner.update(lambda codes: torch.full((len(codes),), 0.7))
    for w, was in zip(learner.controller.parameters(), before, strict=True):
        torch.testing.assert_close(w, was, rtol=0, atol=1e-12)


def test_what_is_rewarded_becomes_probable_and_entropy_keeps_it_from_that():
    """T24: the reward is the share of edges that agree with a target."""
    target = torch.tensor(T0.check((2, 3, 1)))

    def agreement(codes: torch.Tensor) -> torch.Tensor:
        return (codes == target).double().mean(1)

    reached = {}
    for entropy in (0.0, 5.0):
        learner = Reinforce(
            EdgeController(T0, hidden=16).double(), replace(PLAIN, samples=20, entropy=entropy), 3
        )
        for _ in range(150):
            learner.update(agreement)
        reached[entropy] = learner.controller.evaluate(target[None]).log_prob.exp().item()
    assert reached[0.0] > 0.5
    assert reached[5.0] < 0.1


def test_the_penalty_draws_skips_to_its_rate():
    model = MacroController(layers=4, hidden=8)
    learner = Reinforce(
        model, replace(PLAIN, theta_lr=0.01), 0, lambda draw: 0.8 * model.skip_penalty(draw)
    )
    before = learner.draw(500)[:, model.bits].double().mean().item()
    for _ in range(150):
        learner.update(lambda codes: torch.zeros(len(codes)))
    after = learner.draw(500)[:, model.bits].double().mean().item()
    assert before == pytest.approx(0.5, abs=0.05)
    assert after == pytest.approx(0.4, abs=0.04)


def test_a_learner_goes_on_where_another_was():
    one, other = (Reinforce(controller(), PLAIN, seed) for seed in (0, 1))
    one.update(worth)
    hand_over(one, other)
    assert other.baseline == one.baseline
    one.update(worth)
    other.update(worth)
    assert torch.equal(one.draw(5), other.draw(5))
    for mine, theirs in zip(
        one.controller.parameters(), other.controller.parameters(), strict=True
    ):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Learning(preset="relaese"), "unknown preset 'relaese'; did you mean 'release'"),
        (lambda: Learning(policy="controler"), "did you mean 'controller'"),
        (lambda: Learning(baseline_decay=1.0), "baseline_decay=1.0: must lie between 0 and 1"),
        (lambda: Searching(score_batch=99), "score_batch=99: must be at least 100"),
        (lambda: Learning(samples=0), "samples=0: must be at least 1"),
        (lambda: Sharing(cycles=7), "cycles=7: must be one of 1, 2, 3, 4, 5, 6"),
        (lambda: Sharing(lowest_lr=0.1), "lowest_lr=0.1: must lie between 0 and 0.05"),
        (lambda: Searching(candidates=0), "candidates=0: must be at least 1"),
    ],
)
def test_what_no_search_can_have_is_refused(make, told):
    with pytest.raises(Refused, match=told):
        make()
