"""The step of a bilevel search: which goes first, what is clipped, what unsampled weights do."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from harness.paper import Refused
from harness.training import optim
from papers.cells.supernet.bilevel import (
    Hypergradient,
    Optimizers,
    Problem,
    clipped,
    cosine,
    first_order,
    norm,
)
from papers.cells.supernet.config import TRAVEL, Bilevel, rate_for
from tests.lab.bilevel import assert_identical, gated, number, toy

PLAIN = Bilevel(alpha_lr=0.1, alpha_decay=0, momentum=0, weight_decay=0, clip=float("inf"))


def apart() -> tuple[Problem[str], torch.Tensor, torch.Tensor]:
    """Return a problem whose loss depends on the weight that the batch names, and both weights."""
    alpha, weights = number(0.5), {"one": number(1.0), "other": number(2.0)}

    def loss(name: str) -> torch.Tensor:
        return (alpha * weights[name].square()).sum()

    return Problem(tuple(weights.values()), (alpha,), loss, loss), *weights.values()


# -- the order of updates -------------------------------------------------------------------------


def test_alpha_first_on_validation_then_w_on_training():
    """Alg. 1: w is updated with the new alpha."""
    problem = toy(alpha=2.0, w=-2.0)
    optimizers = Optimizers(problem, PLAIN)
    optimizers.step("train", "val", 0.25)
    alpha = 2.0 + 0.1  # the gradient of alpha is w - 2 < 0, and Adam's first step is its rate
    assert problem.alphas[0].item() == pytest.approx(alpha)
    assert problem.weights[0].item() == pytest.approx(-2.0 - 0.25 * 2 * (-2.0 - alpha))
    assert float(optimizers.last["train_loss"]) == pytest.approx((-2.0 - alpha) ** 2)


def test_the_authors_optimizers():
    problem, _, _ = gated()
    optimizers = Optimizers(problem, Bilevel())
    (alphas,), (weights,) = optimizers.alphas.param_groups, optimizers.weights.param_groups
    assert (alphas["betas"], alphas["lr"], alphas["weight_decay"]) == ((0.5, 0.999), 3e-4, 1e-3)
    assert (weights["momentum"], weights["weight_decay"], weights["nesterov"]) == (0.9, 3e-4, 0)
    assert not {id(p) for p in alphas["params"]} & {id(p) for p in weights["params"]}


def test_the_gradient_of_w_is_clipped_and_that_of_alpha_is_not():
    problem = toy(alpha=200.0, w=-2.0)
    config = Bilevel(momentum=0, weight_decay=0, clip=5.0, alpha_decay=0)
    Optimizers(problem, config).step("train", "val", 0.1)
    assert problem.weights[0].item() == pytest.approx(-2.0 + 0.1 * 5, abs=1e-6)


def test_weights_first_then_alpha_at_the_new_weights():
    """GDAS, Alg. 1: alpha's gradient is that of the w that the step has just made."""
    problem = toy(alpha=2.0, w=-2.0)
    seen: list[float] = []

    def loss(part: str) -> torch.Tensor:
        seen.append(problem.weights[0].item())
        return problem.loss(part)

    optimizers = Optimizers(replace(problem, loss=loss), PLAIN, order="weights_first")
    optimizers.step("train", "val", 0.25)
    w = -2.0 - 0.25 * 2 * (-2.0 - 2.0)  # at the old alpha
    assert seen == [-2.0, pytest.approx(w)]
    assert problem.weights[0].item() == pytest.approx(w)
    assert problem.alphas[0].item() == pytest.approx(2.0 + 0.1)  # w - 2 is still below 0
    assert float(optimizers.last["direct_norm"]) == pytest.approx(abs(w - 2))
    assert float(optimizers.last["train_loss"]) == pytest.approx(16)


@pytest.mark.parametrize("order", ["alpha_first", "weights_first"])
def test_either_order_is_the_same_two_updates_one_after_the_other(order):
    (one, train, val), (other, _, _) = gated(), gated()
    Optimizers(one, Bilevel(), order).step(train, val, 0.05)
    by_hand = Optimizers(other, Bilevel())
    optim.set_rate(by_hand.weights, 0.05)
    if order == "alpha_first":
        by_hand.update_alpha(train, val)
    by_hand.update(train)
    if order == "weights_first":
        by_hand.update_alpha(train, val)
    assert_identical((*one.weights, *one.alphas), (*other.weights, *other.alphas))


def test_joint_descent_never_reads_the_other_batch():
    problem = toy(alpha=2.0, w=-2.0)
    Optimizers(problem, PLAIN, order="joint").step("train", "never read", 0.25)
    assert problem.alphas[0].item() == pytest.approx(2.0 - 0.1)
    assert problem.weights[0].item() == pytest.approx(-2.0 - 0.25 * 2 * (-2.0 - 2.0))


@pytest.mark.parametrize("options", [{"order": "w_first"}, {"unsampled": "keep"}])
def test_an_unknown_option_is_refused(options):
    with pytest.raises(Refused, match="unknown"):
        Optimizers(toy(), Bilevel(), **options)


# -- weights that a step has not sampled ----------------------------------------------------------


def stepped(unsampled: str, order: str = "weights_first") -> tuple[torch.Tensor, torch.Tensor]:
    """Return both weights after two steps on the first of them; momentum of both was full."""
    problem, one, other = apart()
    optimizers = Optimizers(problem, Bilevel(weight_decay=0.1), order, unsampled)
    optimizers.step("other", "one", 0.1)
    for _ in range(2):
        optimizers.step("one", "one", 0.1)
    return one, other


@pytest.mark.parametrize("order", ["alpha_first", "weights_first", "joint"])
def test_what_a_step_has_not_sampled_keeps_its_bytes_when_it_is_skipped(order):
    problem, one, other = apart()
    optimizers = Optimizers(problem, Bilevel(weight_decay=0.1), order, unsampled="skip")
    optimizers.step("other", "one", 0.1)
    before, buffer = other.detach().clone(), optimizers.weights.state[other]["momentum_buffer"]
    kept = buffer.clone()
    for _ in range(2):
        optimizers.step("one", "one", 0.1)
    assert torch.equal(other, before)
    assert torch.equal(optimizers.weights.state[other]["momentum_buffer"], kept)
    assert one.item() < 1.0


def test_what_a_step_has_not_sampled_goes_on_decaying_when_updates_are_dense():
    problem, one, other = apart()
    still = Optimizers(problem, Bilevel(weight_decay=0.1, momentum=0), "weights_first")
    still.step("one", "one", 0.1)
    assert other.item() == pytest.approx(2.0 * (1 - 0.1 * 0.1))  # decay alone, no gradient
    assert stepped("dense")[1].item() < stepped("skip")[1].item()  # momentum goes on as well
    assert one.item() < 1.0


def test_sampled_weights_move_alike_whatever_the_others_do():
    moved = []
    for unsampled in ("dense", "skip"):
        problem, one, _ = apart()
        optimizers = Optimizers(problem, Bilevel(), unsampled=unsampled)
        for _ in range(3):
            optimizers.step("one", "one", 0.1)
        moved.append(one.detach())
    assert torch.equal(*moved)


def test_a_clipped_norm_is_that_of_the_gradients_there_are():
    for unsampled in ("dense", "skip"):
        problem, one, _ = apart()
        config = Bilevel(weight_decay=0, momentum=0, clip=0.25)
        Optimizers(problem, config, unsampled=unsampled).step("one", "one", 0.1)
        assert one.item() == pytest.approx(1 - 0.1 * 0.25, rel=1e-5)


def test_a_skipping_search_goes_on_from_its_state():
    runs = []
    for stop in (False, True):
        problem, _, _ = apart()
        optimizers = Optimizers(problem, Bilevel(), "weights_first", "skip")
        optimizers.step("one", "other", 0.1)
        if stop:
            state = optimizers.state_dict()
            optimizers = Optimizers(problem, Bilevel(), "weights_first", "skip")
            optimizers.load_state_dict(state)
        optimizers.step("other", "one", 0.1)
        runs.append([tensor.detach() for tensor in (*problem.weights, *problem.alphas)])
    assert_identical(*runs)


# -- formulas -------------------------------------------------------------------------------------


def test_the_total_is_direct_minus_implicit():
    one, two = torch.tensor([3.0, 1.0]), torch.tensor([1.0, -1.0])
    assert Hypergradient((one,), (two,)).total[0].tolist() == [2.0, 2.0]
    assert Hypergradient((one,)).row().keys() == {"direct_norm"}


def test_a_tensor_that_is_weight_and_alpha_is_refused():
    w, alpha = number(1.0), number(2.0)
    with pytest.raises(Refused, match="1 of them are alphas"):
        Problem((w, alpha), (alpha,), lambda _: w.sum(), lambda _: w.sum())


def test_norm_and_cosine_are_those_of_all_tensors_together():
    ones = (torch.tensor([3.0]), torch.tensor([[4.0, 0.0]]))
    others = (torch.tensor([-3.0]), torch.tensor([[-4.0, 0.0]]))
    assert float(norm(ones)) == 5
    assert float(cosine(ones, others)) == pytest.approx(-1)
    across = (torch.tensor([0.0]), torch.tensor([[0.0, 7.0]]))
    assert float(cosine(ones, across)) == 0


def test_clipping_keeps_small_gradients():
    small = (torch.tensor([0.3]), torch.tensor([0.4]))
    same, factor = clipped(small, 5.0)
    assert_identical(same, small)
    assert float(factor) == 1
    cut, factor = clipped(small, 0.25)
    assert float(norm(cut)) == pytest.approx(0.25, rel=1e-4)
    assert float(factor) == pytest.approx(0.5, rel=1e-4)
    assert clipped(small, float("inf"))[1] == 1


def test_first_order_reads_validation_alone():
    problem = toy()
    assert first_order(problem, "val").total[0].item() == pytest.approx(-2.0 - 2.0)


def test_alphas_rate_times_steps_is_the_papers():
    assert rate_for(19_550) == 3e-4
    assert rate_for(100) * 100 == pytest.approx(TRAVEL)
    assert rate_for(100, travel=1.0) == 0.01
