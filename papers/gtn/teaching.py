"""Meta-training: fresh learners, their training on a lesson, one step on what made the lesson.

Every outer step draws from a random stream of its own, so that a resumed run goes on as one that
never stopped. There is no model selection: what stands after the last step is what is reported.

Shapes: K learners, T steps, B batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from harness.training import optim
from papers.gtn.config import GRACE
from papers.gtn.learner import Learner, Tensors, draw
from papers.gtn.lessons import Batches, Lessons, Real
from papers.gtn.meta import Course, MetaGradient, Numbers, meta_gradient

if TYPE_CHECKING:
    from papers.gtn.config import Teaching


class Diverged(ArithmeticError):
    """Meta-gradients were not finite several times in a row."""


class Teacher:
    """Lessons, rates and momenta, and the outer loop that descends on them."""

    def __init__(
        self,
        config: Teaching,
        learner: Learner,
        lessons: Lessons,
        real: Real,
        stream: Callable[..., int],
        horizon: int,
    ) -> None:
        """Take real rows for the outer losses, and named random streams (`trial.stream`)."""
        self.config, self.real, self.stream, self.horizon = config, real, stream, horizon
        self.device = str(real.x.device)
        self.lessons = lessons.to(self.device)
        self.course = course_of(config, learner)
        start = Numbers.start(config, self.device)
        self.rates, self.momenta = nn.Parameter(start.rates), nn.Parameter(start.momenta)
        self.parameters = [*self.lessons.parameters(), self.rates, self.momenta]
        self.optimizer = torch.optim.Adam(
            self.parameters, config.outer_lr, (0.9, config.beta), config.eps, foreach=True
        )
        self.loss, self.skipped, self.in_a_row = float("nan"), 0, 0

    @property
    def numbers(self) -> Numbers:
        """Rates and momenta as they are."""
        return Numbers(self.rates.detach(), self.momenta.detach(), self.config.momentum)

    def fresh(self, *names: str | int) -> list[int]:
        """Return the seeds of K fresh learners."""
        return [self.stream("learner", *names, k) for k in range(self.config.learners)]

    def random(self, *names: str | int) -> torch.Generator:
        """Return the generator of a named stream."""
        return torch.Generator().manual_seed(self.stream(*names))

    def lesson(self, *names: str | int) -> Batches:
        """Return the batches of one training, without a graph."""
        with torch.no_grad():
            return self.lessons.give(self.random("lesson", *names))

    def gradient(self, turn: int) -> tuple[MetaGradient, Batches]:
        """Return the meta-gradient of an outer step, and the batches that it goes back into."""
        random = self.random("outer", turn)
        real = [self.real.draw(self.config.meta_batch, random) for _ in self.course.scored]
        batches = self.lessons.give(random)
        course, weights = self.student(turn)
        return meta_gradient(course, weights, self.numbers, batches, real), batches

    def student(self, turn: int) -> tuple[Course, Tensors]:
        """Return the course of an outer step, and the weights of its fresh learners."""
        return self.course, draw(self.course.learner, self.fresh(turn), self.device)

    def update(self, turn: int) -> None:
        """Take an outer step; one whose gradient is not finite is left out and counted.

        Raises:
            Diverged: for the third time in a row; nothing of the three has changed anything.
        """
        config = self.config
        highest = config.outer_lr
        rate = optim.cosine(turn, self.horizon, highest, highest * config.last_lr)
        optim.set_rate(self.optimizer, rate)
        found, batches = self.gradient(turn)
        self.optimizer.zero_grad()
        if found.finite():
            back(batches, found)
        else:
            self._leave_out(turn)
            return
        self.rates.grad, self.momenta.grad = found.rates, found.momenta
        if not all(p.grad is None or bool(p.grad.isfinite().all()) for p in self.parameters):
            self._leave_out(turn)
            return
        self.optimizer.step()
        self.loss, self.in_a_row = found.loss.item(), 0

    def _leave_out(self, turn: int) -> None:
        self.skipped, self.in_a_row = self.skipped + 1, self.in_a_row + 1
        if self.in_a_row == GRACE:
            raise Diverged(
                f"outer step {turn}: the meta-gradient was not finite {GRACE} times in a row; "
                "a lower outer_lr or first_rate, or weight_norm, keeps it finite"
            )

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed run needs."""
        return {
            "lessons": self.lessons.state_dict(),
            "numbers": [self.rates.detach(), self.momenta.detach()],
            "optimizer": self.optimizer.state_dict(),
            "counts": [self.loss, self.skipped, self.in_a_row],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take an earlier attempt's lessons over."""
        self.lessons.load_state_dict(state["lessons"])
        with torch.no_grad():
            for own, kept in zip((self.rates, self.momenta), state["numbers"], strict=True):
                own.copy_(kept)
        self.optimizer.load_state_dict(state["optimizer"])
        self.loss, self.skipped, self.in_a_row = state["counts"]


def course_of(config: Teaching, learner: Learner) -> Course:
    """Return what a learner goes through under a config."""
    return Course(
        learner,
        config.inner_steps,
        config.statistics,
        config.period,
        config.segment,
        config.truncation,
    )


def back(batches: Batches, found: MetaGradient) -> None:
    """Carry the gradients of inputs and targets on into what made them: one backward pass."""
    pairs: list[tuple[Tensor, Tensor]] = [
        (made, gradient)
        for made, gradient in zip(batches, (found.inputs, found.targets), strict=True)
        if gradient is not None
    ]
    if pairs:
        made, gradients = zip(*pairs, strict=True)
        torch.autograd.backward(made, gradients)
