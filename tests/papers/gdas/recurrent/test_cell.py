"""The sampled recurrent cell: what runs, its gradients, nodes of nones, and both of its forms."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from papers.gdas.recurrent import bench
from papers.gdas.recurrent.cell import SampledCell
from papers.gdas.recurrent.cell_fast import FastSampledCell
from papers.gdas.recurrent.search import path
from papers.gdas.sampler import straight_through
from papers.text.cell import (
    ACTIVATIONS,
    OPERATIONS,
    CellMasks,
    DiscreteCell,
    MixedRecurrentCell,
    offset,
)
from papers.text.published import RECURRENT
from tests.lab.recurrent import numbers, with_weights

NODES, WIDTH, BATCH, STEPS = 5, 6, 7, 3
EDGES = offset(NODES + 1)
FORMS = [SampledCell, FastSampledCell]
TAU = 3.0


def cell(form: Any) -> Any:
    return with_weights(form(NODES, WIDTH))


def masks() -> CellMasks:
    return CellMasks(*((numbers(BATCH, WIDTH, seed=s) > -0.5) / 0.7 for s in (8, 9)))


def noise(seed: int) -> Tensor:
    """Return noise under which all five operations are drawn."""
    return 2 * numbers(EDGES, len(OPERATIONS), seed=seed)


def ran(net: Any, weights: Tensor, *sampled: bool) -> Tensor:
    x, hidden = numbers(STEPS, BATCH, WIDTH, seed=1), numbers(BATCH, WIDTH, seed=2)
    states: Tensor = net(x, hidden, masks(), weights, *sampled)
    return states


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", range(4))
def test_a_sample_is_the_mixture_of_its_one_hot_rows_and_so_are_its_gradients(form, seed):
    """The oracle runs all operations; only those drawn let a gradient through."""
    net, oracle = cell(form), cell(MixedRecurrentCell)
    oracle.load_state_dict(net.state_dict())
    alpha = numbers(EDGES, len(OPERATIONS), seed=seed).requires_grad_()
    found = []
    for one, sampled in ((net, True), (oracle, False)):
        sample = straight_through(alpha.log_softmax(1), noise(seed), TAU)
        given = sample if sampled else sample * (sample.detach() > 0.5)
        states = ran(one, given, *([True] if sampled else []))
        slopes = torch.autograd.grad(states.square().sum(), (alpha, *one.parameters()))
        found.append((states, *slopes))
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_the_gradient_of_alpha_is_that_of_the_soft_sample_along_what_was_drawn(form):
    """dL/dalpha_m = <dL/dy, o_k(x)> p_k (1[m = k] - p_m) / tau, for the drawn k of each edge."""
    net = cell(form)
    alpha = numbers(EDGES, len(OPERATIONS)).requires_grad_()
    soft = ((alpha.log_softmax(1) + noise(0)) / TAU).softmax(1).detach()
    drawn = soft.argmax(1)
    sample = straight_through(alpha.log_softmax(1), noise(0), TAU)
    (ours,) = torch.autograd.grad(ran(net, sample, True).square().sum(), alpha)
    shares = torch.nn.functional.one_hot(drawn, len(OPERATIONS)).double().requires_grad_()
    (along,) = torch.autograd.grad(ran(net, shares, True).square().sum(), shares)
    rows = torch.arange(EDGES)
    inner = along[rows, drawn]  # <dL/dy, o_k(x)>, 0 where none was drawn
    assert (inner[drawn == 0] == 0).all()
    p_k = soft[rows, drawn]
    kronecker = torch.nn.functional.one_hot(drawn, len(OPERATIONS))
    expected = (inner * p_k)[:, None] * (kronecker - soft) / TAU
    torch.testing.assert_close(ours, expected, rtol=1e-6, atol=1e-12)
    assert inner[drawn > 0].abs().min() > 0


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("node", [1, 3, NODES])
def test_a_node_of_nones_is_zero_and_safe(form, node):
    net = cell(form)
    weights = torch.zeros(EDGES, len(OPERATIONS), dtype=torch.float64)
    weights[:, OPERATIONS.index("sigmoid")] = 1
    own = slice(offset(node), offset(node + 1))
    weights[own] = 0
    weights[own, OPERATIONS.index("none")] = 1
    weights.requires_grad_()
    states = ran(net, weights, True)
    slopes = torch.autograd.grad(states.square().sum(), (weights, *net.parameters()))
    assert states.isfinite().all()
    assert all(slope.isfinite().all() for slope in slopes)
    assert not slopes[0][own].any()
    _, _, by_node = slopes
    assert not by_node[node - 1].any()  # W of that node was not read


@pytest.mark.parametrize("form", FORMS)
def test_a_cell_of_nones_gives_zeros(form):
    weights = torch.zeros(EDGES, len(OPERATIONS), dtype=torch.float64)
    weights[:, 0] = 1
    assert not ran(cell(form), weights, True).any()


@pytest.mark.parametrize("form", FORMS)
def test_one_product_for_each_edge_that_runs_and_one_activation(form, monkeypatch):
    rows = dict.fromkeys(ACTIVATIONS, 0)

    def counting(name, function):
        def wrapped(x):
            rows[name] += x.numel() // (BATCH * WIDTH)
            return function(x)

        return wrapped

    for name, function in list(ACTIVATIONS.items()):
        monkeypatch.setitem(ACTIVATIONS, name, counting(name, function))
    net = cell(form)
    sample = straight_through(numbers(EDGES, len(OPERATIONS)), noise(5), TAU)
    drawn = [OPERATIONS[place] for place in sample.argmax(1).tolist()]
    assert set(drawn) == set(OPERATIONS)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        ran(net, sample, True)
    for name in ACTIVATIONS:
        assert rows[name] == STEPS * drawn.count(name)
    running = sum(name != "none" for name in drawn)
    summed = form is FastSampledCell  # what edges bring is added up by a product with their shares
    per_stream = 2 * 2 * WIDTH**2 * (2 + running) + summed * 2 * WIDTH * running
    assert counter.get_total_flops() == STEPS * BATCH * per_stream


def test_products_are_those_of_the_mean_uniform_sample():
    net = SampledCell(NODES, WIDTH)
    assert net.products == pytest.approx(EDGES * 4 / 5)


@pytest.mark.parametrize("form", FORMS)
def test_what_is_no_sample_is_a_mixture(form):
    net, oracle = cell(form), cell(MixedRecurrentCell)
    oracle.load_state_dict(net.state_dict())
    weights = numbers(EDGES, len(OPERATIONS)).softmax(1)
    torch.testing.assert_close(ran(net, weights), ran(oracle, weights), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_without_normalisation_a_path_is_the_discrete_cell(form):
    found = RECURRENT["GDAS"]
    net = with_weights(form(8, WIDTH))
    net.normalise = False
    discrete = with_weights(DiscreteCell(found, WIDTH))
    discrete.load_state_dict(net.state_dict())
    x, hidden = numbers(STEPS, BATCH, WIDTH, seed=1), numbers(BATCH, WIDTH, seed=2)
    theirs = discrete(x, hidden, masks())
    ours = net(x, hidden, masks(), path(found).double(), True)
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)


def test_both_forms_of_the_bench_agree():
    for pair in bench.pairs():
        pair.agree()
