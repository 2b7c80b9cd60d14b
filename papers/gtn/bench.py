"""Speed of the meta-gradient: recomputed, stacked, by stride; the generator; a whole outer step.

Ratios of one run. `harness.training.inner_loop` with `segment=1` is there for its memory, which a
CPU's clock does not show (a test counts it); it is an option, not a fast form, and its pair says
what it costs. What a whole outer step takes stands beside what its generator takes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812
from torch.overrides import TorchFunctionMode
from torch.utils.checkpoint import checkpoint

from harness.pair import KEEP, Pair, Rival
from harness.trial import stream
from papers.gtn import experiment
from papers.gtn.images.study import LONG
from papers.gtn.images.teach import learner as image_learner
from papers.gtn.layers import cross_entropy
from papers.gtn.learner import ImageLearner, Learner, SignalLearner, Tensors, draw
from papers.gtn.lessons import Batches, Generated, Real, Rows
from papers.gtn.meta import Course, MetaGradient, Numbers, meta_gradient
from papers.gtn.teaching import Teacher, back

STEPS, MEMBERS, LONGER = 8, 8, 16
AGREED = 4  # inner steps on which the generator's forms are compared
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
    learner: Learner,
    shape: tuple[int, ...],
    batch: int,
    members: int = 1,
    segment: int = 1,
    steps: int = STEPS,
    statistics: str = "last",
) -> Problem:
    """Return learners, synthetic batches and real rows, all noise from one stream."""
    random = torch.Generator().manual_seed(0)
    inputs = torch.randn(steps, batch, *shape, generator=random)
    targets = torch.eye(10)[torch.arange(steps * batch) % 10].view(steps, batch, 10)
    real = Real(torch.randn(128, *shape, generator=random), torch.arange(128) % 10)
    numbers = Numbers(torch.full((steps,), 0.1).log(), torch.full((steps,), 0.5).log())
    batches = Batches(inputs.requires_grad_(), targets)
    course = Course(learner, steps, statistics, segment=segment)
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
        checkpointed(problem(signals, (40,), 32, steps=LONGER, statistics="batch")),
        generated(),
        outer_step(),
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


def checkpointed(again: Problem) -> Pair:
    """Return torch's own checkpointing, non-reentrant, beside the inner loop's recomputation."""

    def oracle() -> list[Tensor]:
        return parts(by_checkpoints(again))

    def agree() -> None:
        torch.testing.assert_close(oracle(), parts(again()), rtol=1e-4, atol=1e-6)

    return Pair(
        f"meta-gradient of {LONGER} steps, per step",
        oracle,
        again,
        agree,
        2.0,
        units=LONGER,
        note="oracle: torch.utils.checkpoint, non-reentrant, around every step",
    )


def by_checkpoints(given: Problem) -> MetaGradient:
    """Return the meta-gradient of a problem whose learners remember nothing between batches."""
    leaves = [
        t.detach().requires_grad_()
        for t in (given.batches.inputs, given.numbers.rates, given.numbers.momenta)
    ]
    rule, count = given.numbers.rule, len(given.weights)

    def step(turn: int, *carried: Tensor) -> Tensors:
        weights, slots = carried[:count], carried[count:]
        logits, _ = given.course.learner.forward(weights, leaves[0][turn])
        loss = cross_entropy(logits, given.batches.targets[turn]).sum()
        gradients = torch.autograd.grad(loss, weights, create_graph=True)
        moved = rule.step(weights, gradients, slots, tuple(leaves[1:]), turn)
        return (*moved[0], *moved[1])

    carried = tuple(w.clone().requires_grad_() for w in given.weights)
    carried = (*carried, *rule.start(carried))
    for turn in range(given.course.steps):
        carried = checkpoint(step, turn, *carried, use_reentrant=False)
    logits, _ = given.course.learner.forward(carried[:count], given.real[0].x)
    loss = cross_entropy(logits, given.real[0].targets(logits.shape[-1])).mean()
    inputs, rates, momenta = torch.autograd.grad(loss, leaves)
    return MetaGradient(loss.detach(), inputs, None, rates, momenta)


def teacher(plain: bool, steps: int = LONG.inner_steps) -> Teacher:
    """Return a teacher of `images/long` on noise, perhaps with the generator's plain form."""
    config = replace(LONG, inner_steps=steps)
    random = torch.Generator().manual_seed(0)
    noise = Real(torch.randn(1000, 1, 28, 28, generator=random), torch.arange(1000) % 10)
    rows = Rows("noise", noise, noise, noise, 1, (28, 28))
    own = image_learner(LONG)
    made, real = experiment.lessons(config, rows, own, random)
    if plain and isinstance(made, Generated):
        made.generator.forward = made.generator.plain  # type: ignore[method-assign]
    return Teacher(config, own, made, real, partial(stream, 0), LONG.outer_steps)


class ChannelsLast(TorchFunctionMode):
    """Gives every convolution of images its input with the channels last, as one line would."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run a function of torch's."""
        if func is F.conv2d:
            args = (args[0].contiguous(memory_format=torch.channels_last), *args[1:])
        return func(*args, **(kwargs or {}))


def forms(
    name: str, run: Callable[[Teacher], list[Tensor]], rtol: float, atol: float, note: str
) -> Pair:
    """Return work of a teacher of `images/long` with the plain generator and the fast one.

    The rival is the plain one in channels_last, its learners too.
    """

    def last(own: Teacher) -> list[Tensor]:
        with ChannelsLast():
            return run(own)

    ways = ((run, True), (run, False), (last, True))
    plain, fast, rival = (partial(way, teacher(form)) for way, form in ways)

    def agree() -> None:
        # many inner steps magnify the last digits in which the forms differ
        first, *others = (way(teacher(form, AGREED)) for way, form in ways)
        for other in others:
            torch.testing.assert_close(first, other, rtol=rtol, atol=atol)

    sized = f"{name}, {LONG.inner_steps} batches of {LONG.batch}"
    against = Rival("the same, channels_last", rival)
    return Pair(sized, plain, fast, agree, KEEP, note=note, rival=against)


def generated() -> Pair:
    """Return torch's own layers beside doubling and convolving in one product, and back."""

    def run(own: Teacher) -> list[Tensor]:
        images = own.lessons.give(own.random("lesson")).inputs
        slopes = torch.autograd.grad(images.square().mean(), list(own.lessons.parameters()))
        return [images.detach(), *slopes]

    note = "oracle: upsampling, reflected border and convolution, a batch at a time"
    return forms("images of a generator and the way back", run, 1e-3, 1e-5, note)


def outer_step() -> Pair:
    """Return an outer step but for its update, with the plain generator and with the fast one."""

    def run(own: Teacher) -> list[Tensor]:
        own.optimizer.zero_grad()
        found, batches = own.gradient(0)
        back(batches, found)
        return [found.loss, found.rates, found.momenta]

    return forms("an outer step on images", run, 1e-2, 1e-4, "oracle: with the plain generator")
