"""The meta-gradient: through every step of a learner's training, and the step that follows it.

    g_t = d loss(theta_t; x_t, y_t),  v_{t+1} = mu_t v_t + g_t,
    theta_{t+1} = theta_t - eta_t v_{t+1}

The outer loss is that of the trained learner on real rows, perhaps also those on the way. It goes
back through all steps into images, targets, rates and momenta (`harness.training.inner_loop`
remembers weights and velocities of every step and computes the rest again), and from the images
into the generator in one backward pass.

Shapes: K learners, T steps, B batch, O classes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from harness.training import metrics
from harness.training.inner_loop import SGD, InnerLoop, Outcome, Tensors
from papers.gtn import layers
from papers.gtn.learner import Learner, blank, follow
from papers.gtn.lessons import Batches, Real

if TYPE_CHECKING:
    from papers.gtn.config import Teaching


@dataclass(frozen=True)
class Numbers:
    """Rates and momenta of the T steps, as what is learned of them: T numbers each."""

    rates: Tensor  # logarithms; where the form is "plain", the rates themselves
    momenta: Tensor  # logarithms, or logits where the form is "sigmoid"
    form: str = "exp"

    @classmethod
    def start(cls, config: Teaching, device: str = "cpu") -> Numbers:
        """Return the same rate and momentum for every step."""
        first = torch.tensor([config.first_rate, config.first_momentum], dtype=torch.float64)
        rate, momentum = first.log()
        if config.momentum == "sigmoid":
            momentum = first[1].logit()
        both = [n.float().repeat(config.inner_steps).to(device) for n in (rate, momentum)]
        return cls(both[0], both[1], config.momentum)

    def values(self) -> tuple[Tensor, Tensor]:
        """Return rates and momenta (T)."""
        return positive(self.rates, self.form), bounded(self.momenta, self.form)

    @property
    def rule(self) -> SGD:
        """SGD whose meta-parameters are (rates, momenta, ...)."""
        form = self.form
        return SGD(
            lambda meta, t: positive(meta[0][t], form), lambda meta, t: bounded(meta[1][t], form)
        )


def positive(number: Tensor, form: str) -> Tensor:
    """Return the rate that a learned number stands for."""
    return number if form == "plain" else number.exp()


def bounded(number: Tensor, form: str) -> Tensor:
    """Return the momentum that a learned number stands for."""
    return number.sigmoid() if form == "sigmoid" else positive(number, form)


@dataclass(frozen=True)
class Course:
    """What a learner goes through: which learner, T steps, and how it is looked at."""

    learner: Learner
    steps: int
    statistics: str = "last"
    period: int = 0
    segment: int = 1
    truncation: int = 0

    def of(self, learner: Learner) -> Course:
        """Return the same course for another learner."""
        return replace(self, learner=learner)

    @property
    def scored(self) -> list[int]:
        """The numbers of steps after which there is an outer loss."""
        return self.loop(SGD(0.0), []).scored

    def loop(self, rule: SGD, real: list[Real]) -> InnerLoop:
        """Return the inner loop; its meta-parameters are (rates, momenta, T inputs, T targets)."""
        steps = self.steps

        def loss(
            weights: Tensors, meta: Tensors, state: Tensors, step: int
        ) -> tuple[Tensor, Tensors]:
            x, targets = meta[2 + step], meta[2 + steps + step]
            logits, means = self.learner.forward(weights, x)
            return layers.cross_entropy(logits, targets), follow(self.statistics, state, means)

        def outer(weights: Tensors, meta: Tensors, state: Tensors, done: int) -> Tensor:
            x, y = real[places[done]]
            held = state or None  # none: by the real batch's own means
            logits, _ = self.learner.forward(weights, x, held)
            return layers.cross_entropy(logits, Real(x, y).targets(logits.shape[-1]))

        whole = InnerLoop(loss, rule, steps, outer=outer, every=self.period)
        places = {done: place for place, done in enumerate(whole.scored)}
        return whole

    def train(
        self, weights: Tensors, numbers: Numbers, batches: Batches, real: list[Real]
    ) -> Outcome:
        """Train learners; what is returned is a function of numbers and batches.

        `real` has a batch for each outer loss. With a truncation the steps before it carry no
        gradient, and no outer loss counts among them; weights, velocity and state go on.
        """
        x, y = batches
        meta = (numbers.rates, numbers.momenta, *x.unbind(0), *y.unbind(0))
        loop = self.loop(numbers.rule, real)
        held = blank(self.learner, len(weights[0]), weights[0])
        state = () if self.statistics == "batch" else held
        free = self.steps - self.truncation if self.truncation else 0
        if not free:
            return loop.run(weights, meta, state, segment=self.segment)
        with torch.no_grad():
            before = replace(loop, steps=free, outer=None).run(weights, meta, state, segment=1)
        rest = replace(loop, steps=self.truncation, first=free)
        return rest.run(before.weights, meta, before.state, before.slots, segment=self.segment)

    @torch.no_grad()
    def taught(
        self, weights: Tensors, numbers: Numbers, batches: Batches, real: Real, every: int = 0
    ) -> Tensor:
        """Return accuracies (n, K) on real rows after every `every`-th step and the last one."""

        def accuracy(weights: Tensors, meta: Tensors, state: Tensors, done: int) -> Tensor:
            logits, _ = self.learner.forward(weights, real.x, state or None)
            return metrics.accuracy(logits, real.y)

        x, y = batches
        meta = (numbers.rates, numbers.momenta, *x.unbind(0), *y.unbind(0))
        held = blank(self.learner, len(weights[0]), weights[0])
        state = () if self.statistics == "batch" else held
        loop = replace(self.loop(numbers.rule, []), outer=accuracy, every=every)
        return loop.run(weights, meta, state, segment=1).outer


@dataclass(frozen=True)
class MetaGradient:
    """The outer loss, and its gradients by inputs and targets (where asked), rates, momenta."""

    loss: Tensor
    inputs: Tensor | None
    targets: Tensor | None
    rates: Tensor
    momenta: Tensor

    def finite(self) -> bool:
        """Tell whether the loss and every gradient is a number."""
        parts = (self.loss, self.inputs, self.targets, self.rates, self.momenta)
        return all(bool(part.isfinite().all()) for part in parts if part is not None)


def meta_gradient(
    course: Course, weights: Tensors, numbers: Numbers, batches: Batches, real: list[Real]
) -> MetaGradient:
    """Return the mean over learners of the outer losses' sum, and its gradients.

    Inputs and targets that carry no gradient get none.
    """
    leaves = [
        t.detach().requires_grad_(asked)
        for t, asked in (
            (numbers.rates, True),
            (numbers.momenta, True),
            (batches.inputs, batches.inputs.requires_grad),
            (batches.targets, batches.targets.requires_grad),
        )
    ]
    rates, momenta, inputs, targets = leaves
    own = Numbers(rates, momenta, numbers.form)
    outcome = course.train(weights, own, Batches(inputs, targets), real)
    loss = outcome.outer.mean(1).sum()
    asked = [leaf for leaf in leaves if leaf.requires_grad]
    found = iter(torch.autograd.grad(loss, asked, allow_unused=True))
    slopes = [next(found) if leaf.requires_grad else None for leaf in leaves]
    zero = [torch.zeros_like(leaf) for leaf in leaves[:2]]
    rate, momentum = (s if s is not None else z for s, z in zip(slopes[:2], zero, strict=True))
    return MetaGradient(loss.detach(), slopes[2], slopes[3], rate, momentum)
