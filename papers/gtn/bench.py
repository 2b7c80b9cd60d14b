"""Speed of the meta-gradient: recomputed beside the whole graph, stacked beside one by one.

Ratios of one run. `harness.training.inner_loop` with `segment=1` is there for its memory, which a
CPU's clock does not show; it is an option, not a fast form, and its pair says what it costs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from harness.pair import KEEP, Pair
from papers.gtn.learner import ImageLearner, Learner, SignalLearner, Tensors, draw
from papers.gtn.lessons import Batches, Real
from papers.gtn.meta import Course, MetaGradient, Numbers, meta_gradient

STEPS, MEMBERS = 8, 8
MOST = 1 / 1.3  # recomputing may take 1.3 times as long as keeping the graph


@dataclass(frozen=True)
class Problem:
    """A course, its learners, and what they are taught and tested with."""

    course: Course
    weights: Tensors
    numbers: Numbers
    batches: Batches
    real: list[Real]

    def __call__(self) -> MetaGradient:
        """Return the meta-gradient."""
        return meta_gradient(self.course, self.weights, self.numbers, self.batches, self.real)

    def member(self, place: int) -> Problem:
        """Return the same of one learner."""
        own = tuple(w[place : place + 1] for w in self.weights)
        return Problem(self.course, own, self.numbers, self.batches, self.real)


def problem(
    learner: Learner, shape: tuple[int, ...], batch: int, members: int = 1, segment: int = 1
) -> Problem:
    """Return learners, synthetic batches and real rows, all noise from one stream."""
    random = torch.Generator().manual_seed(0)
    inputs = torch.randn(STEPS, batch, *shape, generator=random)
    targets = torch.eye(10)[torch.arange(STEPS * batch) % 10].view(STEPS, batch, 10)
    real = Real(torch.randn(128, *shape, generator=random), torch.arange(128) % 10)
    numbers = Numbers(torch.full((STEPS,), 0.1).log(), torch.full((STEPS,), 0.5).log())
    batches = Batches(inputs.requires_grad_(), targets)
    course = Course(learner, STEPS, segment=segment)
    return Problem(course, draw(learner, range(members)), numbers, batches, [real])


def pairs() -> list[Pair]:
    """Return graph and recomputation, members one by one and stacked, pools and strides."""
    signals = SignalLearner()
    whole = problem(signals, (40,), 32, segment=0)
    again = problem(signals, (40,), 32)
    images = ImageLearner(((16, 2), (32, 2)))
    pooled = ImageLearner(((16, 2), (32, 2)), pooling="max")
    return [
        Pair(
            "meta-gradient on signals, per inner step",
            whole,
            again,
            same(whole, again),
            MOST,
            units=STEPS,
            note="oracle: the whole graph in memory; fast: every step computed again",
        ),
        stacked(problem(signals, (40,), 32, MEMBERS)),
        Pair(
            "meta-gradient on images, per inner step",
            problem(pooled, (1, 28, 28), 64),
            problem(images, (1, 28, 28), 64),
            lambda: None,
            KEEP,
            units=STEPS,
            note="two networks: 3 x 3 pools behind convolutions beside convolutions of stride 2",
        ),
    ]


def parts(found: MetaGradient) -> list[Tensor]:
    """Return loss and gradients."""
    assert found.inputs is not None
    return [found.loss, found.rates, found.momenta, found.inputs]


def same(one: Problem, other: Problem) -> Callable[[], None]:
    """Return what compares two meta-gradients."""
    return lambda: torch.testing.assert_close(parts(one()), parts(other()), rtol=1e-4, atol=1e-6)


def stacked(together: Problem) -> Pair:
    """Return learners one after another beside stacked ones."""
    singles = [together.member(place) for place in range(MEMBERS)]

    def one_by_one() -> list[Tensor]:
        each = [parts(single()) for single in singles]
        return [torch.stack(own).mean(0) for own in zip(*each, strict=True)]

    def agree() -> None:
        torch.testing.assert_close(one_by_one(), parts(together()), rtol=1e-4, atol=1e-6)

    return Pair(
        f"{MEMBERS} learners of signals, per learner and inner step",
        one_by_one,
        together,
        agree,
        3.0,
        units=STEPS * MEMBERS,
        note="oracle: one after another",
    )
