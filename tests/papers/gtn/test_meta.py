"""The meta-gradient through learners, rates, momenta and generator, beside finite differences."""

from __future__ import annotations

import weakref
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import Tensor

from harness.training import twice
from harness.trial import stream
from papers.gtn import bench
from papers.gtn.config import Teaching
from papers.gtn.generator import Generator, Sizes
from papers.gtn.learner import ImageLearner, Learner, SignalLearner, draw
from papers.gtn.lessons import Batches, Generated, Real
from papers.gtn.meta import Course, Numbers, meta_gradient
from papers.gtn.teaching import Teacher, back

BATCH, REAL, CLASSES = 6, 9, 10
SMOOTH = {
    "signals": SignalLearner((3, 4), length=16, bend=torch.tanh, pool=twice.average_pool),
    "images": ImageLearner(((3, 2), (4, 2)), side=8, bend=torch.tanh),
    "perceptron": ImageLearner((), hidden=5, side=8, bend=torch.tanh),
}
SHAPES = {"signals": (16,), "images": (1, 8, 8), "perceptron": (1, 8, 8)}


def double(tensors: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return tuple(t.double() for t in tensors)


def problem(
    name: str, steps: int
) -> tuple[Learner, tuple[Tensor, ...], Numbers, Batches, list[Real]]:
    """Return a learner, its weights, rates and momenta, soft batches, and real rows of a step."""
    torch.manual_seed(0)
    learner, shape = SMOOTH[name], SHAPES[name]
    weights = double(draw(learner, [1, 2] if name == "signals" else [1]))
    numbers = Numbers(torch.randn(steps).double() / 4 - 2, torch.randn(steps).double() / 4 - 1)
    targets = (torch.randn(steps, BATCH, CLASSES).double()).softmax(-1)
    batches = Batches(torch.randn(steps, BATCH, *shape).double(), targets)
    real = [
        Real(torch.randn(REAL, *shape).double(), torch.randint(CLASSES, (REAL,)))
        for _ in range(steps)
    ]
    return learner, weights, numbers, batches, real


def slopes(course: Course, name: str, steps: int) -> tuple[float, list[Tensor]]:
    """Return the outer loss and its gradients by rates, momenta, inputs and targets."""
    _, weights, numbers, batches, real = problem(name, steps)
    asked = Batches(*(t.requires_grad_() for t in batches))
    found = meta_gradient(course, weights, numbers, asked, real)
    parts = [found.rates, found.momenta, found.inputs, found.targets]
    assert all(part is not None for part in parts)
    return found.loss.item(), parts


def outer(course: Course, name: str, steps: int, place: int, along: Tensor, move: float) -> float:
    """Return the outer loss with one group moved along a direction."""
    _, weights, numbers, batches, real = problem(name, steps)
    groups = [numbers.rates, numbers.momenta, *batches]
    groups[place] = groups[place] + move * along
    moved = Numbers(groups[0], groups[1])
    with torch.no_grad():
        found = course.train(weights, moved, Batches(groups[2], groups[3]), real)
    return found.outer.mean(1).sum().item()


@pytest.mark.parametrize("steps", [1, 3, 8])
@pytest.mark.parametrize("name", SMOOTH)
def test_every_group_is_a_central_difference(name: str, steps: int):
    course = Course(SMOOTH[name], steps)
    _, found = slopes(course, name, steps)
    for place, gradient in enumerate(found):
        along = torch.randn(
            gradient.shape, generator=torch.Generator().manual_seed(place)
        ).double()
        size = 1e-5 / float(along.norm())
        both = [outer(course, name, steps, place, along, move) for move in (size, -size)]
        expected = (both[0] - both[1]) / (2 * size)
        exact = float((gradient * along).sum())
        scale = max(abs(expected), 1e-3 * float(gradient.norm() * along.norm()))
        assert abs(exact - expected) <= 1e-6 * scale + 1e-9, (place, exact, expected)


@pytest.mark.parametrize("statistics", ["last", "running", "batch"])
@pytest.mark.parametrize("period", [0, 2])
@pytest.mark.parametrize("segment", [0, 2, 4])
def test_plain_and_recomputed_loops_agree(statistics: str, period: int, segment: int):
    course = Course(SMOOTH["signals"], 4, statistics, period)
    expected = slopes(replace(course, segment=1), "signals", 4)
    found = slopes(replace(course, segment=segment), "signals", 4)
    assert found[0] == pytest.approx(expected[0], rel=1e-13)
    torch.testing.assert_close(found[1], expected[1], rtol=1e-10, atol=1e-13)


def test_the_last_batch_reaches_the_outer_loss_through_its_means_too():
    """With statistics of the real batch that path is not there: another gradient."""
    steps = 3
    by_last = slopes(Course(SMOOTH["signals"], steps), "signals", steps)[1][2]
    by_batch = slopes(Course(SMOOTH["signals"], steps, "batch"), "signals", steps)[1][2]
    assert (
        torch.nn.functional.cosine_similarity(by_last[-1].flatten(), by_batch[-1].flatten(), 0)
        < 0.999
    )


def test_truncated_steps_have_no_gradient_and_the_rest_the_velocity():
    name, steps, kept = "signals", 6, 2
    whole = Course(SMOOTH[name], steps)
    loss, exact = slopes(whole, name, steps)
    cut_loss, cut = slopes(replace(whole, truncation=kept), name, steps)
    assert cut_loss == pytest.approx(loss, rel=1e-12)  # the same training, velocity kept
    for gradient in cut:
        assert not gradient[: steps - kept].any()
        assert gradient[steps - kept :].abs().sum() > 0
    # the last step's own rate, and what it was taught with, do not see the truncation
    torch.testing.assert_close(cut[0][-1], exact[0][-1], rtol=1e-10, atol=1e-14)
    torch.testing.assert_close(cut[2][-1], exact[2][-1], rtol=1e-10, atol=1e-14)


def teaching(**changes: object) -> Teaching:
    base = {
        "inner_steps": 3, "batch": BATCH, "meta_batch": REAL, "outer_steps": 4, "noise": 4,
        "generator_hidden": 7, "generator_channels": (4, 3), "learners": 2, "evaluated": 2,
        "first_rate": 0.1,
    }  # fmt: skip
    return Teaching(**{**base, **changes})


def teacher(config: Teaching) -> Teacher:
    torch.manual_seed(0)
    real = Real(torch.randn(50, 16).double(), torch.randint(CLASSES, (50,)))
    random = torch.Generator().manual_seed(1)
    sizes = Sizes(config.noise, 7, (4, 3), 1, (16,), CLASSES, config.weight_norm)
    lessons = Generated(config, Generator(sizes, random), CLASSES, random)
    made = Teacher(config, SMOOTH["signals"], lessons, real, partial(stream, 0), 4)
    made.lessons.double()
    for number in (made.rates, made.momenta):
        number.data = number.data.double()
    return made


@pytest.mark.parametrize("curriculum", ["full", "batch_shuffled", "all_shuffled", "gaussian"])
def test_generator_and_curriculum_have_the_gradient_of_a_central_difference(
    curriculum: str, monkeypatch: pytest.MonkeyPatch
):
    import papers.gtn.teaching as module

    monkeypatch.setattr(module, "draw", lambda *a, **k: double(draw(*a, **k)))
    monkeypatch.setattr(torch.nn.functional, "leaky_relu", lambda x, slope: x.tanh())
    own = teacher(teaching(curriculum=curriculum))
    found, batches = own.gradient(0)
    back(batches, found)
    for name, parameter in own.lessons.named_parameters():
        gradient = parameter.grad
        assert gradient is not None, name
        along = torch.randn(gradient.shape, generator=torch.Generator().manual_seed(5)).double()
        start, size, both = parameter.data.clone(), 1e-5 / float(along.norm()), []
        for move in (size, -size):
            parameter.data = start + move * along
            both.append(own.gradient(0)[0].loss.item())
        parameter.data = start
        expected, exact = (both[0] - both[1]) / (2 * size), float((gradient * along).sum())
        scale = max(abs(expected), 1e-3 * float(gradient.norm() * along.norm()))
        assert abs(exact - expected) <= 1e-6 * scale + 1e-9, (name, exact, expected)


def test_rates_begin_where_the_config_says_and_momenta_may_be_bounded():
    for form in ("exp", "sigmoid"):
        numbers = Numbers.start(teaching(momentum=form))
        rates, momenta = numbers.values()
        torch.testing.assert_close(rates, torch.full((3,), 0.1))
        torch.testing.assert_close(momenta, torch.full((3,), 0.5))
    far = Numbers(torch.zeros(1), torch.full((1,), 9.0), "sigmoid").values()[1]
    assert far.item() < 1
    assert Numbers(torch.tensor([0.3]), torch.tensor([0.7]), "plain").values()[0].item() == (
        pytest.approx(0.3)
    )


def test_a_real_lesson_with_frozen_numbers_is_ordinary_training():
    """T steps of torch's SGD with momentum on the same batches give the same accuracy."""
    learner, weights, _, batches, real = problem("images", 8)
    rates, momenta = torch.tensor([[0.05] * 8, [0.9] * 8], dtype=torch.float64)
    numbers = Numbers(rates, momenta, "plain")
    reached = Course(learner, 8, "batch").train(weights, numbers, batches, real)
    own = tuple(w.clone().requires_grad_() for w in weights)
    optimizer = torch.optim.SGD(own, lr=0.05, momentum=0.9)
    for x, y in zip(*batches, strict=True):
        optimizer.zero_grad()
        logits, _ = learner.forward(own, x)
        torch.nn.functional.cross_entropy(logits[0], y).backward()
        optimizer.step()
    torch.testing.assert_close(reached.weights, own, rtol=1e-7, atol=1e-9, check_dtype=False)


class Kept:
    """A tensor that a graph keeps, for as long as it keeps it."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor


@pytest.mark.parametrize(("segment", "least", "most"), [(1, 2.0, 2.5), (0, 5.0, 60.0)])
def test_a_recomputed_step_keeps_weights_and_velocities_and_no_more(
    segment: int, least: float, most: float
):
    """Floats kept for the way back, a further step, in parameters of a learner."""

    def kept(steps: int) -> int:
        given = bench.problem(SignalLearner(), (40,), 32, segment=segment, steps=steps)
        packed: weakref.WeakSet[Kept] = weakref.WeakSet()

        def pack(tensor: Tensor) -> Kept:
            own = Kept(tensor)
            packed.add(own)
            return own

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda own: own.tensor):
            outcome = given.course.train(given.weights, given.numbers, given.batches, given.real)
        assert outcome.outer.requires_grad
        storages = [own.tensor.untyped_storage() for own in packed]
        bytes_by_place = {storage.data_ptr(): storage.nbytes() for storage in storages}
        data = given.batches.inputs.untyped_storage()
        bytes_by_place.pop(data.data_ptr(), None)
        return sum(bytes_by_place.values()) // 4

    size = sum(w.numel() for w in bench.problem(SignalLearner(), (40,), 32).weights)
    assert least <= (kept(12) - kept(6)) / 6 / size <= most
