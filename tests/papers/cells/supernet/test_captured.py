"""Replayed losses: whole steps equal plain ones bit for bit, and passes keep their gradients."""

from __future__ import annotations

import copy

import pytest
import torch
from torch.nn import functional as F

from harness.paper import Refused
from harness.training.graph import CudaGraph
from papers.cells.supernet.bilevel import Optimizers, Problem
from papers.cells.supernet.captured import BF16, replayed
from papers.cells.supernet.config import Bilevel
from papers.cells.supernet.node import Design, Supernet
from papers.cells.supernet.node_fast import FastSupernet
from papers.darts.bilevel import Architect
from papers.darts.config import Darts
from tests.lab.recorders import Again
from tests.lab.supernets import alphas, supernet

pytestmark = pytest.mark.usefixtures("one_thread")
SMALL, SIGNALS = Design(channels=2, cells=3), Design(channels=2, cells=3, dim=1, inputs=1)
SIZES = {2: (5, 5), 1: (12,)}


def problem(design=SMALL, where: str = "cpu"):
    """Return a search's problem: the fast form's loss, and the loop's where it is `twice`."""
    loop: Supernet = supernet(design, torch.float32).to(where)
    own = [alpha.detach().to(where).requires_grad_() for alpha in alphas(torch.float32)]

    def loss(net):
        return lambda batch: F.cross_entropy(
            net(batch[0], *(alpha.softmax(1) for alpha in own)), batch[1]
        )

    fast = FastSupernet.of(loop)
    return Problem(tuple(loop.parameters()), tuple(own), loss(fast), loss(loop))


def batch(seed: int, design=SMALL, rows: int = 4, where: str = "cpu"):
    stream = torch.Generator().manual_seed(seed)
    x = torch.randn(rows, design.inputs, *SIZES[design.dim], generator=stream)
    return x.to(where), (torch.arange(rows) % design.classes).to(where)


def slopes(loss, of):
    return torch.autograd.grad(loss, of, allow_unused=True)


def assert_identical(one, other):
    for a, b in zip(one, other, strict=True):
        assert (a is None) == (b is None)
        assert a is None or torch.equal(a, b)


def stepped(design, config):
    """Return the optimizers of a plain and of a replayed problem, after two steps."""
    both = problem(design), replayed(problem(design), Again)
    plain, own = (Architect(each, config) for each in both)
    for turn in range(2):
        for each in (plain, own):
            each.step(batch(turn, design), batch(turn + 10, design), 0.1 / (turn + 1))
    return plain, own


def moved(optimizers):
    return [*optimizers.problem.weights, *optimizers.problem.alphas]


# -- steps ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("design", [SMALL, SIGNALS], ids=["images", "signals"])
@pytest.mark.parametrize("gradient", ["first_order", "joint"])
def test_steps_equal_plain_ones_bit_for_bit_while_rates_and_batches_change(design, gradient):
    config = Darts(gradient=gradient, union=gradient == "joint", clip=float("inf"))
    plain, own = stepped(design, config)
    assert_identical(moved(plain), moved(own))
    assert plain.last.keys() == own.last.keys()
    assert_identical(plain.last.values(), own.last.values())


@pytest.mark.slow
@pytest.mark.parametrize("design", [SMALL, SIGNALS], ids=["images", "signals"])
@pytest.mark.parametrize("gradient", ["first_order", "second_order"])
def test_where_norms_count_steps_end_as_near_as_norms_do(design, gradient):
    """Of slices and of dense copies they differ in the last digit."""
    for one, other in zip(*map(moved, stepped(design, Darts(gradient=gradient))), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-4)


def test_a_search_that_was_resumed_goes_on_as_one_that_never_stopped():
    own, again = problem(), problem()
    config = Bilevel()
    one, other = (Optimizers(replayed(each, Again), config) for each in (own, again))
    one.step(batch(0), batch(1), 0.1)
    for to, of in zip((*again.weights, *again.alphas), (*own.weights, *own.alphas), strict=True):
        to.data.copy_(of.data)
    other.load_state_dict(copy.deepcopy(one.state_dict()))
    for each in (one, other):
        each.step(batch(2), batch(3), 0.05)
    assert_identical((*own.weights, *own.alphas), (*again.weights, *again.alphas))


# -- gradients ------------------------------------------------------------------------------------


def test_a_passs_gradients_stay_when_another_is_replayed_even_between():
    own = problem()
    leaves, loss = (*own.alphas, *own.weights), replayed(own, Again).loss
    first, second = loss(batch(0)), loss(batch(1))  # both, before either is differentiated
    expected = [slopes(own.loss(batch(seed)), leaves) for seed in (0, 1)]
    found = [slopes(each, leaves) for each in (first, second)]
    loss(batch(2))
    for one, other in zip(found, expected, strict=True):
        assert_identical(one, other)
    assert first.detach() == own.loss(batch(0)).detach()


def test_a_loss_times_a_number_has_gradients_times_it():
    own = problem()
    found = slopes(3 * replayed(own, Again).loss(batch(0)), own.alphas)
    assert_identical(found, [3 * each for each in slopes(own.loss(batch(0)), own.alphas)])


def test_a_pass_with_frozen_weights_is_a_graph_of_its_own_without_their_gradients():
    own = problem()
    problem_ = replayed(own, Again)
    slopes(problem_.loss(batch(0)), own.weights)
    for weight in own.weights:
        weight.requires_grad_(False)
    found = slopes(problem_.loss(batch(1)), own.alphas)
    assert_identical(found, slopes(own.loss(batch(1)), own.alphas))
    with torch.no_grad():
        assert problem_.loss(batch(2)) == own.loss(batch(2))
    counts = [len(graph.outputs) for graph in problem_.loss.graphs.values()]
    assert counts == [1 + 2 + len(own.weights), 1 + 2, 1]


@pytest.mark.parametrize("unsampled", ["dense", "skip"])
def test_weights_that_a_loss_does_not_reach_are_treated_as_always(unsampled):
    def apart():
        used, left, alpha = (torch.tensor([2.0], requires_grad=True) for _ in range(3))

        def loss(rows):
            return (rows[0] * used * alpha).sum()

        return Problem((used, left), (alpha,), loss, loss)

    plain, own = apart(), apart()
    for each in (plain, replayed(own, Again)):
        optimizers = Optimizers(each, Bilevel(weight_decay=0.1), unsampled=unsampled)
        for seed in range(2):
            optimizers.step(batch(seed), batch(seed + 5), 0.1)
    assert_identical((*plain.weights, *plain.alphas), (*own.weights, *own.alphas))
    assert (own.weights[1].item() == 2.0) == (unsampled == "skip")


def test_a_loss_that_reaches_nothing_has_no_gradients():
    alpha, w = (torch.ones(1, requires_grad=True) for _ in range(2))
    own = Problem((w,), (alpha,), lambda rows: rows[0].sum(), lambda rows: rows[0].sum())
    found = replayed(own, Again).loss(batch(0))
    assert found.detach() == batch(0)[0].sum()
    assert slopes(found, (alpha, w)) == (None, None)


# -- refusals -------------------------------------------------------------------------------------


def test_a_batch_of_another_size_is_refused():
    loss = replayed(problem(), Again).loss
    loss(batch(0))
    with pytest.raises(Refused, match=r"input 0: \(3, 3, 5, 5\) float32 on cpu; captured with"):
        loss(batch(0, rows=3))


def test_to_be_differentiated_again_is_refused_and_twice_is_not_captured():
    own = problem()
    problem_ = replayed(own, Again)
    with pytest.raises(Refused, match="create_graph=True"):
        torch.autograd.grad(problem_.loss(batch(0)), own.alphas, create_graph=True)
    assert problem_.twice is own.twice


def test_an_unknown_precision_is_refused():
    with pytest.raises(Refused, match="unknown precision 'float16'"):
        replayed(problem(), Again, "float16")


# -- bf16 -----------------------------------------------------------------------------------------


def test_in_bf16_the_loop_is_captured_with_channels_last_and_steps_stay_near():
    plain, own = problem(), problem()
    exact, reduced = (
        Optimizers(plain, Bilevel()),
        Optimizers(replayed(own, Again, BF16), Bilevel()),
    )
    for turn in range(2):
        for each in (exact, reduced):
            each.step(batch(turn), batch(turn + 10), 0.01)
    for one, other in zip(plain.weights, own.weights, strict=True):
        assert other.dtype == torch.float32
        assert other.dim() < 4 or other.is_contiguous(memory_format=torch.channels_last)
        torch.testing.assert_close(one, other, rtol=0, atol=0.02)
    graph = next(iter(reduced.problem.loss.graphs.values()))
    assert graph.inputs[0].is_contiguous(memory_format=torch.channels_last)
    one, other = (each.last["train_loss"].item() for each in (exact, reduced))
    assert one != other
    assert other == pytest.approx(one, rel=0.02)


def test_in_bf16_signals_are_captured_as_they_lie():
    own = problem(SIGNALS)
    found = replayed(own, Again, BF16).loss(batch(0, SIGNALS))
    assert found.detach().item() == pytest.approx(
        own.loss(batch(0, SIGNALS)).detach().item(), rel=0.02
    )


def test_no_cast_is_kept_from_one_replay_to_the_next():
    """Weights that moved between two replays are cast anew, also where autocast is on already."""
    own = problem()
    loss = replayed(own, Again, BF16).loss
    with torch.autocast("cpu", torch.bfloat16):
        loss(batch(0))
        with torch.no_grad():
            for weight in own.weights:
                weight.mul_(1.5)
        moved_on = loss(batch(0)).detach()
    assert moved_on == replayed(own, Again, BF16).loss(batch(0)).detach()


# -- on a GPU -------------------------------------------------------------------------------------


@pytest.mark.gpu
@pytest.mark.parametrize("gradient", ["first_order", "second_order"])
@pytest.mark.parametrize("design", [SMALL, SIGNALS], ids=["images", "signals"])
def test_on_a_gpu_steps_of_graphs_end_where_plain_ones_do(gradient, design):
    plain, own = problem(design, "cuda"), problem(design, "cuda")
    both = [
        Architect(each, Darts(gradient=gradient)) for each in (plain, replayed(own, CudaGraph))
    ]
    for turn in range(3):  # fresh batches: a stale one would end elsewhere
        for each in both:
            rows = (batch(seed, design, where="cuda") for seed in (turn, turn + 10))
            each.step(*rows, 0.1 / (turn + 1))
    for one, other in zip(plain.weights, own.weights, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)
    for name, value in both[0].last.items():
        torch.testing.assert_close(value, both[1].last[name], rtol=1e-2, atol=1e-3)


@pytest.mark.gpu
def test_on_a_gpu_losses_of_graphs_in_bf16_follow_the_batch():
    own = problem(where="cuda")
    loss = replayed(own, CudaGraph, BF16).loss
    for seed in range(3):
        exact = own.twice(batch(seed, where="cuda")).item()
        assert loss(batch(seed, where="cuda")).item() == pytest.approx(exact, rel=0.05)
