"""What is taught: the generator's size and range, curricula, and the other treatments."""

from __future__ import annotations

import math

import pytest
import torch

from harness.paper import Refused
from papers.gtn.config import Teaching
from papers.gtn.generator import Generator, Sizes
from papers.gtn.learner import SignalLearner
from papers.gtn.lessons import Distilled, FromReal, Generated, Labelling, Real, spread

STEPS, BATCH = 4, 6
SMALL = Sizes(5, 8, (4, 3), 1, (16,))


def config(**changes: object) -> Teaching:
    return Teaching(**{"inner_steps": STEPS, "batch": BATCH, "noise": 5, **changes})


def generated(**changes: object) -> Generated:
    random = torch.Generator().manual_seed(0)
    return Generated(config(**changes), Generator(SMALL, random), 10, random)


def draws(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_generators_have_the_published_number_of_parameters():
    for sizes, count in (
        (Sizes(), 6_660_226),
        (Sizes(inputs=3, sides=(32, 32)), 8_633_222),
    ):
        made = Generator(sizes, draws(0))
        assert sum(p.numel() for p in made.parameters()) == count


def test_outputs_lie_between_minus_two_and_two():
    for sizes, shape in ((SMALL, (1, 16)), (Sizes(5, 8, (4, 3), 2, (8, 12)), (2, 8, 12))):
        made = Generator(sizes, draws(0))
        out = made(50 * torch.randn(STEPS, BATCH, 5), torch.ones(STEPS, BATCH, 10))
        assert out.shape == (STEPS, BATCH, *shape)
        assert 1 < out.abs().max() <= 2


def test_each_batch_is_normalised_by_itself():
    """All steps at once give what each step gives alone."""
    made = Generator(SMALL, draws(0)).double()
    z, y = torch.randn(STEPS, BATCH, 5).double(), torch.randn(STEPS, BATCH, 10).double()
    together = made(z, y)
    for step in range(STEPS):
        alone = made(z[step : step + 1], y[step : step + 1])[0]
        torch.testing.assert_close(together[step], alone, rtol=1e-12, atol=1e-13)
    z[1, 0] += 1  # the other steps do not see it
    changed = made(z, y)
    torch.testing.assert_close(changed[[0, 2, 3]], together[[0, 2, 3]])
    assert not torch.allclose(changed[1], together[1])


def test_sides_that_cannot_be_doubled_twice_are_refused():
    with pytest.raises(Refused, match=r"sides=\(30,\): must be multiples of 4"):
        Generator(Sizes(sides=(30,)), draws(0))


def test_labels_are_spread_evenly():
    labels = spread(STEPS, BATCH, 10)
    assert labels.flatten().tolist() == [k % 10 for k in range(STEPS * BATCH)]
    counts = [labels[step].bincount(minlength=10) for step in range(STEPS)]
    assert all(int(c.max() - c.min()) <= 1 for c in counts)


def test_a_full_curriculum_is_the_same_every_time_and_a_fixed_one_is_not_learned():
    full, fixed = generated(), generated(curriculum="fixed")
    for lessons in (full, fixed):
        first, again = lessons.give(draws(1)), lessons.give(draws(2))
        assert torch.equal(first.inputs, again.inputs)
    names = {name for name, _ in full.named_parameters()}
    assert names - {name for name, _ in fixed.named_parameters()} == {"z"}


@pytest.mark.parametrize("replacement", [True, False])
def test_shuffled_batches_are_batches_of_the_curriculum(replacement: bool):
    lessons = generated(curriculum="batch_shuffled", replacement=replacement)
    places, targets = lessons.places(draws(3))
    found = [
        next(k for k in range(STEPS) if torch.equal(places[t], lessons.z[k])) for t in range(STEPS)
    ]
    for t, k in enumerate(found):
        assert torch.equal(targets[t], lessons.targets[k])
    assert replacement or sorted(found) == list(range(STEPS))
    assert not torch.equal(places, lessons.places(draws(4))[0])


@pytest.mark.parametrize("replacement", [True, False])
def test_shuffled_rows_keep_their_labels(replacement: bool):
    lessons = generated(curriculum="all_shuffled", replacement=replacement)
    places, targets = lessons.places(draws(3))
    pool, labels = lessons.z.flatten(0, 1), lessons.targets.flatten(0, 1)
    found = []
    for z, y in zip(places.flatten(0, 1), targets.flatten(0, 1), strict=True):
        found.append(int((pool == z).all(1).nonzero()[0, 0]))
        assert torch.equal(labels[found[-1]], y)
    assert replacement or sorted(found) == list(range(STEPS * BATCH))


def test_without_a_curriculum_everything_is_drawn_anew():
    lessons = generated(curriculum="none")
    first, again = lessons.give(draws(1)), lessons.give(draws(2))
    assert not torch.equal(first.inputs, again.inputs)
    assert not torch.equal(first.targets, again.targets)
    assert torch.equal(first.inputs, lessons.give(draws(1)).inputs)
    assert "z" not in dict(lessons.named_parameters())


def test_a_gaussian_curriculum_learns_places_and_their_spread():
    lessons = generated(curriculum="gaussian")
    names = dict(lessons.named_parameters())
    assert {"z", "spread"} <= set(names)
    places, _ = lessons.places(draws(1))
    assert (places - lessons.z).std().item() == pytest.approx(math.exp(-2), rel=0.3)


def test_distilled_pixels_are_squashed_and_keep_their_labels():
    lessons = Distilled(config(treatment="distill"), (16,), 10, draws(0))
    first, again = lessons.give(draws(1)), lessons.give(draws(2))
    assert torch.equal(first.inputs, again.inputs) and first.inputs.abs().max() <= 2
    torch.testing.assert_close(first.inputs, 2 * lessons.pixels.tanh())


def test_real_lessons_are_rows_with_their_labels_and_nothing_to_learn():
    real = Real(torch.arange(30.0)[:, None].expand(30, 16), torch.arange(30) % 10)
    lessons = FromReal(config(treatment="real"), real, 10)
    inputs, targets = lessons.give(draws(1))
    assert list(lessons.parameters()) == []
    assert torch.equal(targets.argmax(-1), (inputs[..., 0] % 10).long())
    assert not torch.equal(inputs, lessons.give(draws(2)).inputs)


def test_a_classifier_labels_real_rows_and_is_what_learns():
    rows = torch.randn(30, 40)
    learner = SignalLearner((3, 4))
    lessons = Labelling(config(treatment="semi"), rows, learner, draws(0))
    inputs, targets = lessons.give(draws(1))
    assert not inputs.requires_grad and targets.requires_grad
    torch.testing.assert_close(targets.sum(-1), torch.ones(STEPS, BATCH))
    found = {tuple(row.tolist()) for row in inputs.flatten(0, 1)}
    assert found <= {tuple(row.tolist()) for row in rows}
    assert len(list(lessons.parameters())) == 9
