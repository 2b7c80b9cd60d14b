"""Gradients of second order: a toy with a known answer, both products, the virtual step."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import partial
from itertools import pairwise

import pytest
import torch

from harness.training.optim import placed
from papers.cells.supernet.bilevel import (
    Problem,
    clipped,
    first_order,
    gradients,
    norm,
)
from papers.darts.bilevel import (
    Architect,
    VirtualStep,
    exact_product,
    finite_difference,
    second_order,
    virtual_weights,
)
from papers.darts.config import Darts
from tests.lab.bilevel import assert_identical, gated, number, search, toy


@pytest.fixture(autouse=True)
def one_thread():
    """Small products on many threads wait for one another longer than they compute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


# -- the toy (Sec. 2.3, Fig. 2) -----------------------------------------------------------------


@pytest.mark.parametrize("product", [exact_product, partial(finite_difference, radius=0.01)])
@pytest.mark.parametrize("xi", [0, 0.2, 0.3, 0.5, 0.7, 1])
def test_alternating_descent_ends_where_it_must(xi, product):
    """alpha = w = 2 / (1 + 2 xi); the optimum of the bilevel problem, 1, at xi = 0.5."""
    problem = toy()
    for _ in range(200):
        hyper = second_order(problem, ("train", "val"), VirtualStep(xi), product)
        with torch.no_grad():
            problem.alphas[0].sub_(hyper.total[0], alpha=0.1)
        (slope,) = gradients(problem.loss("train"), problem.weights)
        with torch.no_grad():
            problem.weights[0].sub_(slope, alpha=0.1)
    for value in (problem.alphas[0], problem.weights[0]):
        assert value.item() == pytest.approx(2 / (1 + 2 * xi), abs=1e-6)


def test_the_exact_product_of_the_toy():
    """The mixed second derivative of (w - alpha)^2 is -2."""
    problem = toy()
    v = torch.tensor([3.5], dtype=torch.float64)
    assert float(exact_product(problem, "train", (v,))[0]) == pytest.approx(-7)
    assert float(finite_difference(problem, "train", (v,), 0.01)[0]) == pytest.approx(-7)


def test_the_search_step_itself_solves_the_toy():
    """Adam and SGD with the authors' numbers, their rates aside, at the rate whose answer is 1."""
    problem = toy()
    config = Darts(
        gradient="second_order_exact", alpha_lr=0.05, alpha_decay=0, momentum=0, weight_decay=0,
        lowest_lr=0, lr=0.5, clip=float("inf"),
    )  # fmt: skip
    optimizers = Architect(problem, config)
    for _ in range(250):
        optimizers.step("train", "val", 0.5)
    assert problem.alphas[0].item() == pytest.approx(1, abs=1e-3)
    assert problem.weights[0].item() == pytest.approx(1, abs=1e-3)


# -- products -----------------------------------------------------------------------------------


def test_the_exact_product_against_the_dense_hessian():
    problem, train, _ = gated()
    (alpha,), weights = problem.alphas, problem.weights
    v = tuple(torch.randn_like(w) for w in weights)
    slopes = torch.cat(
        [g.flatten() for g in gradients(problem.loss(train), weights, create_graph=True)]
    )
    mixed = torch.stack([gradients(slope, (alpha,), create_graph=True)[0] for slope in slopes])
    expected = mixed.T @ torch.cat([d.flatten() for d in v])
    (found,) = exact_product(problem, train, v)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-14)


def test_finite_differences_of_a_smooth_network_converge_quadratically():
    problem, train, val = gated()
    v = gradients(problem.loss(val), problem.weights)
    (exact,) = exact_product(problem, train, v)
    errors = [
        float((finite_difference(problem, train, v, radius)[0] - exact).norm() / exact.norm())
        for radius in (1e-1, 1e-2, 1e-3)
    ]
    assert errors[1] < 5e-3
    for large, small in pairwise(errors):
        assert 80 < large / small < 120


def test_finite_differences_are_taken_around_w_and_not_around_the_virtual_weights():
    problem, train, val = gated()
    seen = []

    def loss(batch):
        seen.append([w.detach().clone() for w in problem.weights])
        return problem.loss(batch)

    spied = replace(problem, loss=loss)
    radius, own = 0.05, [w.detach().clone() for w in problem.weights]
    step = VirtualStep(0.1)
    second_order(spied, (train, val), step, partial(finite_difference, radius=radius))
    at_train, at_val, plus, minus = seen
    assert_identical(at_train, own)
    inner = gradients(problem.loss(train), problem.weights)
    assert_identical(at_val, virtual_weights(problem.weights, inner, step))
    for one, other, w in zip(plus, minus, own, strict=True):
        torch.testing.assert_close((one + other) / 2, w)
    moved = [p - w for p, w in zip(plus, own, strict=True)]
    assert float(norm(moved)) == pytest.approx(radius)


def test_a_training_loss_without_alpha_has_no_product():
    problem, train, val = gated()
    alone = replace(problem, loss=lambda b: b.sum(), twice=lambda b: problem.weights[0].sum() * b)
    zeros = exact_product(alone, torch.ones(()), problem.weights)
    assert all(not z.any() for z in zeros)
    w, other = number(1.0), number(2.0)
    apart = Problem((w,), (other,), lambda b: (w * w).sum(), lambda b: (w * w).sum())
    hyper = second_order(apart, (train, val), VirtualStep(0.1), exact_product)
    assert not hyper.total[0].any()


# -- orders of the gradient ---------------------------------------------------------------------


def test_second_order_without_a_rate_is_first_order_to_the_bit():
    problem, train, val = search(torch.float32)
    first = first_order(problem, val)
    buffers = [torch.ones_like(w) for w in problem.weights]
    step = VirtualStep(0.0, 0.9, 3e-4, buffers)
    for product in (exact_product, partial(finite_difference, radius=0.01)):
        second = second_order(problem, (train, val), step, product)
        assert_identical(second.total, first.total)
    assert not first.implicit


def test_both_products_agree_where_the_radius_is_small():
    """In float64 nothing flips at so small a radius, ReLU and max pooling notwithstanding."""
    problem, train, val = search()
    fine = partial(finite_difference, radius=1e-6)
    exact, close = (
        second_order(problem, (train, val), VirtualStep(0.025), product)
        for product in (exact_product, fine)
    )
    gap = [a - b for a, b in zip(exact.implicit, close.implicit, strict=True)]
    assert float(norm(gap)) < 1e-5 * float(norm(exact.implicit))
    assert_identical(exact.direct, close.direct)
    row = exact.row()
    share = row["implicit_norm"] / row["direct_norm"]
    assert 0 < float(share) < 0.5
    assert 0.5 < float(row["cosine_first_order"]) < 1


def test_a_clipped_gradient_leaves_its_factor_in_the_implicit_part():
    problem, train, val = gated()
    free = VirtualStep(0.1)
    inner = float(norm(gradients(problem.loss(train), problem.weights)))
    tight = replace(free, clip=inner / 2)
    clipped_v = []

    def product(problem, batch, v):
        clipped_v.append(float(norm(v)))
        return exact_product(problem, batch, v)

    hyper = second_order(problem, (train, val), tight, product)
    assert clipped_v[0] <= inner / 2 * 1.001
    with placed(problem.weights, virtual_weights(problem.weights, half(problem, train), free)):
        v, _ = clipped(gradients(problem.loss(val), problem.weights), inner / 2)
    expected = 0.1 * 0.5 * exact_product(problem, train, v)[0]
    torch.testing.assert_close(hyper.implicit[0], expected, rtol=1e-4, atol=0)


def half(problem, batch):
    return tuple(g / 2 for g in gradients(problem.loss(batch), problem.weights))


# -- the virtual step ---------------------------------------------------------------------------


def trained(steps: int = 2) -> tuple[Problem, Architect, tuple, tuple]:
    """Return a search whose momentum buffers are full."""
    problem, train, val = search(torch.float32)
    config = Darts(gradient="second_order", weight_decay=0.01, clip=float("inf"))
    optimizers = Architect(problem, config)
    for _ in range(steps):
        optimizers.step(train, val, 0.05)
    return problem, optimizers, train, val


@pytest.mark.parametrize("steps", [0, 2])
def test_the_virtual_step_is_the_step_that_sgd_would_take(steps):
    problem, optimizers, train, _ = trained(steps)
    inner = gradients(problem.loss(train), problem.weights)
    virtual = virtual_weights(problem.weights, inner, optimizers.virtual_step())
    copies = [w.detach().clone().requires_grad_() for w in problem.weights]
    state = copy.deepcopy(optimizers.weights.state_dict())
    real = torch.optim.SGD(copies, lr=1.0)
    real.load_state_dict(state)
    for w, g in zip(copies, inner, strict=True):
        w.grad = g
    real.step()
    assert any(not torch.equal(w, c) for w, c in zip(problem.weights, copies, strict=True))
    for one, other in zip(virtual, copies, strict=True):
        torch.testing.assert_close(one, other.detach(), rtol=0, atol=1e-7)


@pytest.mark.parametrize("gradient", ["first_order", "second_order", "second_order_exact"])
def test_a_gradient_of_alpha_leaves_weights_and_buffers_as_they_are(gradient):
    problem, optimizers, train, val = trained()
    optimizers.config = replace(optimizers.config, gradient=gradient)
    before = [w.detach().clone() for w in problem.weights]
    buffers = [b.clone() for b in optimizers.virtual_step().buffers]
    hyper = optimizers.hypergradient(train, val)
    assert float(norm(hyper.total)) > 0
    assert_identical(problem.weights, before)
    assert_identical(optimizers.virtual_step().buffers, buffers)


# -- the step of the search ---------------------------------------------------------------------


def test_alpha_decays_without_a_gradient():
    w, alpha = number(1.0), number(-0.5)
    problem = Problem((w,), (alpha,), lambda _: (w * w).sum(), lambda _: (w * w).sum())
    for gradient in ("first_order", "second_order", "second_order_exact"):
        before = alpha.abs().item()
        optimizers = Architect(problem, Darts(gradient=gradient, alpha_lr=0.01))
        optimizers.step(None, None, 0.01)
        assert alpha.abs().item() < before
        assert optimizers.last["direct_norm"] == 0
    idle = Architect(problem, Darts(gradient="first_order", alpha_decay=0))
    before = alpha.detach().clone()
    idle.step(None, None, 0.01)
    assert torch.equal(alpha, before)


def test_joint_descent_uses_one_gradient_of_one_loss():
    problem = toy(alpha=2.0, w=-2.0)
    config = Darts(gradient="joint", union=True, alpha_lr=0.1, alpha_decay=0, momentum=0,
                     weight_decay=0, clip=float("inf"))  # fmt: skip
    Architect(problem, config).step("train", "never read", 0.25)
    assert problem.alphas[0].item() == pytest.approx(2.0 - 0.1)
    assert problem.weights[0].item() == pytest.approx(-2.0 - 0.25 * 2 * (-2.0 - 2.0))


@pytest.mark.slow
def test_a_search_goes_on_from_its_state_as_if_it_had_not_stopped():
    runs = []
    for stop in (False, True):
        problem, optimizers, train, val = trained()
        if stop:
            state = {n: copy.deepcopy(o.state_dict()) for n, o in optimizers.stateful.items()}
            optimizers = Architect(problem, optimizers.config)
            for name, item in optimizers.stateful.items():
                item.load_state_dict(state[name])
        optimizers.step(train, val, 0.05)
        runs.append([t.detach().clone() for t in (*problem.weights, *problem.alphas)])
        runs[-1] += [optimizers.last[name] for name in sorted(optimizers.last)]
    assert_identical(*runs)
