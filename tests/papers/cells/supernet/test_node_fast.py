"""The fast form of the search network computes the same."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from harness.paper import Refused
from papers.cells.supernet.node import Design
from papers.cells.supernet.node_fast import FastSupernet, quickest
from tests.lab.supernets import SIGNALS, SMALL, VARIED, alphas, images, straight_through, supernet

pytestmark = pytest.mark.usefixtures("one_thread")

REDUCED = tuple(
    (("none", "sep_conv_3x3"), ("skip_connect", "dil_conv_3x3", "avg_pool_3x3"))[edge % 2]
    for edge in range(14)
)
LEGACY = Design(4, 3, normal=(("none", "sep_conv_7x7", "conv_7x1_1x7"),) * 14)
SHAPES = {
    "even": (SMALL, (8, 8)), "odd": (SMALL, (7, 9)),
    "signals": (SIGNALS, (20,)), "odd signals": (SIGNALS, (13,)),
    "long signals": (SIGNALS, (70,)), "long odd signals": (SIGNALS, (71,)),
    "two nodes": (Design(4, 3, nodes=2), (8, 8)),
    "reduced": (replace(SMALL, normal=REDUCED, reduce=REDUCED), (8, 8)),
    "reduced signals": (replace(SIGNALS, normal=REDUCED, reduce=REDUCED), (12,)),
    "legacy": (LEGACY, (8, 8)),
}  # fmt: skip


def gradients(net, x, weights, hard):
    """Return the logits, and the gradients of all weights and alphas."""
    rows = weights
    leaves = [w for w in weights if isinstance(w, torch.Tensor)]
    if leaves:
        rows = [straight_through(a) if hard else a.softmax(1) for a in weights]
    logits = net(x, *rows, hard=hard)
    slope = torch.linspace(-1, 1, logits.numel(), dtype=x.dtype).view_as(logits)
    wanted = [*net.parameters(), *leaves]
    return logits, torch.autograd.grad((logits * slope).sum(), wanted, allow_unused=True)


def assert_same(design, x, weights, hard, tolerance):
    net = supernet(design, x.dtype)
    (logits, own), (fast, others) = (
        gradients(n, x, weights, hard) for n in (net, FastSupernet.of(net))
    )
    largest = max(float(g.abs().max()) for g in own if g is not None)
    torch.testing.assert_close(fast, logits, rtol=tolerance, atol=tolerance)
    for one, other in zip(own, others, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            scale = max(float(one.abs().max()), 1e-3 * largest)
            assert float((one - other).abs().max()) <= tolerance * scale


@pytest.mark.slow
@pytest.mark.parametrize(("design", "sizes"), SHAPES.values(), ids=SHAPES)
def test_a_fast_mixture_is_the_mixture(design, sizes):
    weights = [a[: len(design.edges)].detach().requires_grad_() for a in alphas()]
    assert_same(design, images(design, *sizes), weights, False, 1e-10)


@pytest.mark.parametrize("name", ["odd", "odd signals"])
def test_fast_samples_and_paths_are_the_same(name):
    design, sizes = SHAPES[name]
    assert_same(design, images(design, *sizes), alphas(), True, 1e-10)
    assert_same(design, images(design, *sizes), [VARIED, VARIED[::-1]], False, 1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["odd", "signals"])
def test_a_fast_mixture_is_the_mixture_in_single_precision(name):
    design, sizes = SHAPES[name]
    x = images(design, *sizes, dtype=torch.float32)
    assert_same(design, x, alphas(torch.float32), False, 1e-4)


def test_the_fast_form_has_the_same_names_and_parameters():
    net = supernet(SMALL)
    fast = FastSupernet.of(net)
    assert [*fast.state_dict()] == [*net.state_dict()]
    assert all(a is b for a, b in zip(net.parameters(), fast.parameters(), strict=True))


def test_the_fast_form_refuses_to_be_differentiated_twice():
    fast, x, own = FastSupernet.of(supernet(SMALL)), images(SMALL, 8, 8), alphas()
    loss = fast(x, *(a.softmax(1) for a in own)).square().sum()
    with pytest.raises(Refused, match="first-order"):
        torch.autograd.grad(loss, own[:1], create_graph=True)


def test_few_images_go_through_the_loop_with_channels_last():
    loop = supernet(SMALL)
    for batch in (FastSupernet.fewest, 64):
        assert type(quickest(loop, batch)) is FastSupernet
    assert type(quickest(supernet(SIGNALS), 1)) is FastSupernet
    few = quickest(loop, FastSupernet.fewest - 1)
    assert few is loop
    wide = [w for w in few.parameters() if w.dim() == 4]
    assert wide
    assert all(w.is_contiguous(memory_format=torch.channels_last) for w in wide)
