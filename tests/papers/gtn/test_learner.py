"""Learners: the sizes that were published, weight norm, centring, stacked and one by one."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from harness.paper import Refused
from papers.gtn import layers
from papers.gtn.learner import (
    BASE_FC,
    LARGER2,
    ImageLearner,
    SignalLearner,
    draw,
    follow,
    stack,
)


def test_sizes_are_those_of_the_released_code():
    assert sum(math.prod(shape) for shape in BASE_FC.shapes) == 1_682_496
    assert sum(math.prod(shape) for shape in LARGER2.shapes) == 1_110_208
    assert BASE_FC.multiply_adds == pytest.approx(16.5e6, rel=0.01)
    assert LARGER2.multiply_adds == pytest.approx(115e6, rel=0.01)
    small = ImageLearner(((16, 2), (32, 2)))
    assert sum(w.numel() for w in draw(small, [0])) == 20_548  # the pilot's, with gains


@pytest.mark.parametrize("learner", [SignalLearner((4, 5)), ImageLearner(((4, 2), (5, 2)))])
def test_weight_norm_changes_nothing_at_the_start_and_its_gradient_is_orthogonal(learner):
    weights = tuple(w.requires_grad_() for w in draw(learner, [3]))
    for direction, (weight, _) in zip(weights[::3], layers_of(learner, weights), strict=True):
        torch.testing.assert_close(weight, direction)
    x = torch.randn(6, *((40,) if isinstance(learner, SignalLearner) else (1, 28, 28)))
    logits, _ = learner.forward(weights, x)
    for direction, slope in zip(
        weights[::3], torch.autograd.grad(logits.sin().sum(), weights[::3]), strict=True
    ):
        along = (direction * slope).flatten(2).sum(-1)
        assert along.abs().max() < 1e-4 * max(1.0, float(slope.abs().max()))


def layers_of(learner, weights: tuple[Tensor, ...]) -> list[tuple[Tensor, Tensor]]:
    from papers.gtn import learner as module

    return module.layers(learner, weights)


def test_stacked_learners_are_those_that_stand_alone():
    learner = SignalLearner((4, 5))
    x = torch.randn(7, 40)
    together = draw(learner, [1, 2, 3])
    logits, means = learner.forward(together, x)
    assert logits.shape == (3, 7, 10)
    for member in range(3):
        alone, centre = learner.forward(tuple(w[member : member + 1] for w in together), x)
        torch.testing.assert_close(logits[member], alone[0])
        torch.testing.assert_close([m[member] for m in means], [c[0] for c in centre])
    again = stack([draw(learner, [seed]) for seed in (1, 2, 3)])
    assert all(torch.equal(a, b) for a, b in zip(again, together, strict=True))


def test_learners_of_other_shapes_are_not_stacked():
    with pytest.raises(Refused, match=r"learner 1: has weights \[\(4, 1, 5\)"):
        stack([draw(SignalLearner((3, 5)), [0]), draw(SignalLearner((4, 5)), [0])])


def test_centring_is_by_the_batch_or_by_what_is_held():
    learner = ImageLearner(((3, 2),), hidden=4)
    weights, x = draw(learner, [0]), torch.randn(9, 1, 28, 28)
    logits, means = learner.forward(weights, x)
    held, _ = learner.forward(weights, x, means)
    assert torch.equal(logits, held)
    assert [m.shape for m in means] == [(1, 3), (1, 4)]
    moved, _ = learner.forward(weights, x, tuple(m + 1 for m in means))
    assert not torch.allclose(moved, logits)


def test_what_a_learner_remembers_follows_its_rule():
    state, means = (torch.full((1, 2), 1.0),), (torch.full((1, 2), 3.0),)
    assert follow("last", state, means) == means
    torch.testing.assert_close(follow("running", state, means)[0], torch.full((1, 2), 1.2))
    assert follow("batch", state, means) == ()


def test_the_loss_is_torchs_on_soft_targets():
    logits, targets = torch.randn(2, 5, 4), torch.randn(5, 4).softmax(-1)
    own = torch.stack([torch.nn.functional.cross_entropy(one, targets) for one in logits])
    torch.testing.assert_close(layers.cross_entropy(logits, targets), own)


@pytest.mark.parametrize("change", [{"pooling": "max"}, {"head": "mean"}, {"hidden": 6}])
def test_every_form_of_an_image_learner_has_its_logits(change: dict):
    learner = ImageLearner(((3, 2), (4, 2)), **change)
    logits, means = learner.forward(draw(learner, [0]), torch.randn(2, 1, 28, 28))
    assert logits.shape == (1, 2, 10)
    assert [m.shape[1] for m in means] == learner.centred
