"""Networks of CIFAR-10 as functions of their weights, and the meta-gradient through them."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random

import pytest
import torch

from papers.gtn.cifar.config import CifarTeaching
from papers.gtn.cifar.learners import TOGETHER, CifarLearner, MacroLearner
from papers.gtn.cifar.space import SPACE
from papers.gtn.cifar.teach import learner, others
from papers.gtn.learner import LARGER2, blank, draw
from papers.gtn.lessons import Batches, Real
from papers.gtn.meta import Course, MetaGradient, Numbers, meta_gradient

STEPS, BATCH, SIDE = 3, 6, 8
OWN = MacroLearner(SPACE.random(Random(1)), 8, 1, side=SIDE)


def test_the_authors_learner_has_the_specified_sizes():
    own = learner(CifarTeaching())
    assert own.shapes == LARGER2.shapes
    assert sum(math.prod(shape) for shape in own.shapes) == 1_110_208
    # 1,024 places of 3 x 64, 256 of 64 x 128 and 128 x 128, 64 of 128 x 256 and 256 x 256
    by_hand = 9 * (1024 * 192 + 256 * (8192 + 16384) + 64 * (32768 + 65536)) + 2560
    assert own.multiply_adds == by_hand
    assert own.multiply_adds == pytest.approx(115e6, rel=0.01)


def test_other_widths_have_twice_and_half_the_channels():
    found = {name: other.convolutions for name, other in others(learner(CifarTeaching())).items()}
    assert found["wide"][0] == (128, 1) and found["narrow"][-1] == (128, 1)


@pytest.mark.parametrize("weight_norm", [True, False])
def test_a_macro_learner_computes_what_its_network_does(weight_norm: bool):
    own = replace(OWN, weight_norm=weight_norm)
    weights, x = own.start(3), torch.randn(BATCH, 3, SIDE, SIDE)
    logits, found = own.forward(weights, x)
    network = own.built(3).train()
    for norm in network.modules():
        if isinstance(norm, torch.nn.BatchNorm2d):
            norm.momentum = 1.0
    torch.testing.assert_close(logits[0], network(x)[0], rtol=1e-4, atol=1e-5)
    assert [tuple(w.shape[1:]) for w in weights] == list(own.shapes)
    assert [each.shape for each in found] == [(1, channels) for channels in own.centred]
    assert [each.shape for each in blank(own, 1, x)] == [each.shape for each in found]
    other = torch.randn(4, 3, SIDE, SIDE)
    held = own.forward(weights, other, found)[0]
    torch.testing.assert_close(held[0], network.eval()(other)[0], rtol=1e-3, atol=1e-4)


def test_weight_norm_scales_each_output_by_its_gain():
    weights = OWN.start(0)
    first = OWN.effective(weights)["stem.0.weight"]
    torch.testing.assert_close(first, weights[0][0])
    doubled = OWN.effective((weights[0], 2 * weights[1], *weights[2:]))["stem.0.weight"]
    torch.testing.assert_close(doubled, 2 * first)
    longer = OWN.effective((3 * weights[0], *weights[1:]))["stem.0.weight"]
    torch.testing.assert_close(longer, first)


def test_counts_are_those_of_the_network():
    network = OWN.built(0)
    counted = sum(p.numel() for p in network.parameters())
    gains = sum(len(p) for p in network.parameters() if p.dim() > 1)
    assert OWN.counts["parameters"] == counted
    assert sum(w.numel() for w in OWN.start(0)) == counted + gains


@pytest.mark.parametrize("own", [OWN, CifarLearner(((4, 2),), inputs=3, side=SIDE, head="mean")])
def test_many_rows_are_judged_as_few_are(own: MacroLearner | CifarLearner):
    weights = own.start(0) if isinstance(own, MacroLearner) else draw(own, [0])
    x = torch.randn(TOGETHER + 7, 3, SIDE, SIDE)
    _, found = own.forward(weights, x[:BATCH])
    whole, _ = own.forward(weights, x, found)
    for part in (slice(0, 5), slice(TOGETHER + 2, None)):
        torch.testing.assert_close(whole[:, part], own.forward(weights, x[part], found)[0])


# -- the meta-gradient ----------------------------------------------------------------------------


def slopes(course: Course, move: float = 0.0) -> MetaGradient:
    """Return the meta-gradient in float64; `move` is added to the first rate's logarithm."""
    random = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=random).double()

    weights = tuple(w.double() for w in OWN.start(5))
    rates = torch.full((STEPS,), 0.05).double().log()
    rates[0] += move
    numbers = Numbers(rates, torch.full((STEPS,), 0.5).double().log())
    inputs, targets = normal(STEPS, BATCH, 3, SIDE, SIDE), normal(STEPS, BATCH, 10).softmax(-1)
    real = [Real(normal(BATCH, 3, SIDE, SIDE), torch.arange(BATCH))]
    batches = Batches(inputs.requires_grad_(), targets)
    return meta_gradient(course, weights, numbers, batches, real)


@pytest.mark.slow
def test_a_step_through_a_macro_network_is_finite_and_the_same_recomputed():
    plain, again = (slopes(Course(OWN, STEPS, segment=segment)) for segment in (0, 1))
    assert plain.finite() and again.finite()
    for name in ("loss", "inputs", "rates", "momenta"):
        torch.testing.assert_close(
            getattr(again, name), getattr(plain, name), rtol=1e-9, atol=1e-12
        )
    assert all(bool(step.abs().max() > 0) for step in plain.inputs)
    size = 1e-6
    up, down = (slopes(Course(OWN, STEPS), move).loss.item() for move in (size, -size))
    assert (up - down) / (2 * size) == pytest.approx(plain.rates[0].item(), rel=1e-3, abs=1e-6)


@pytest.mark.slow
def test_the_last_batchs_statistics_carry_gradients():
    by_last, by_batch = (slopes(Course(OWN, STEPS, rule)).inputs[-1] for rule in ("last", "batch"))
    cosine = torch.nn.functional.cosine_similarity(by_last.flatten(), by_batch.flatten(), 0)
    assert cosine < 0.99
