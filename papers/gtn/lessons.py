"""What learners are taught with: generated, distilled, real or softly labelled batches.

Lessons give T batches of B rows for one learner; `random` is drawn from before any of them is
used, so that a step which is computed again meets the same batch.

Shapes: T steps, B batch, Z noise, O classes; inputs (N, L) or (N, C, H, W).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from papers.gtn.generator import RANGE, Generator
from papers.gtn.learner import Learner, draw

if TYPE_CHECKING:
    from papers.gtn.config import Teaching


class Batches(NamedTuple):
    """Inputs (T, B, ...) and targets (T, B, O) of one learner's training."""

    inputs: Tensor
    targets: Tensor

    def ordered(self, order: Tensor) -> Batches:
        """Return the same batches in another order of steps."""
        return Batches(self.inputs[order], self.targets[order])


class Real(NamedTuple):
    """Real rows: inputs float (N, ...), labels int64 (N)."""

    x: Tensor
    y: Tensor

    def draw(self, rows: int, random: torch.Generator) -> Real:
        """Return rows drawn with replacement."""
        chosen = torch.randint(len(self.y), (rows,), generator=random).to(self.y.device)
        return Real(self.x[chosen], self.y[chosen])

    def targets(self, classes: int) -> Tensor:
        """Return labels as one-hot rows (N, O)."""
        return F.one_hot(self.y, classes).to(self.x)


@dataclass(frozen=True)
class Rows:
    """Real rows of one data set, standardised by `mean` and `deviation`, and their shape."""

    dataset: str
    train: Real
    val: Real
    test: Real
    inputs: int  # channels
    sides: tuple[int, ...]
    mean: float = 0.0
    deviation: float = 1.0

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one input: signals do not name their one channel."""
        return self.sides if len(self.sides) == 1 else (self.inputs, *self.sides)


class Lessons(nn.Module):
    """What gives batches; its parameters are what meta-training changes."""

    def give(self, random: torch.Generator) -> Batches:
        """Return the batches of one learner's training."""
        raise NotImplementedError


def spread(steps: int, batch: int, classes: int) -> Tensor:
    """Return labels (T, B) int64 in turn: (t B + b) mod O."""
    return (torch.arange(steps * batch) % classes).view(steps, batch)


class Generated(Lessons):
    """A generator and its curriculum: a place z[t, b] for each synthetic row."""

    z: Tensor
    spread: Tensor
    targets: Tensor

    def __init__(
        self, config: Teaching, generator: Generator, classes: int, random: torch.Generator
    ) -> None:
        super().__init__()
        self.mode, self.replacement = config.curriculum, config.replacement
        self.generator, self.classes = generator, classes
        z = torch.randn(config.inner_steps, config.batch, config.noise, generator=random)
        if self.mode in ("fixed", "none"):
            self.register_buffer("z", z)
        else:
            self.z = nn.Parameter(z)
        if self.mode == "gaussian":
            # [ours] deviations begin at e^-2; the reference's 1 drowns the places at the start
            self.spread = nn.Parameter(torch.full_like(z, -2.0))
        labels = spread(config.inner_steps, config.batch, classes)
        self.register_buffer("targets", F.one_hot(labels, classes).to(z))

    def give(self, random: torch.Generator) -> Batches:
        """Return generated batches, in the order of the curriculum or shuffled."""
        z, targets = self.places(random)
        images = self.generator(z, targets)
        # a signal has one channel, which learners of signals do not name
        return Batches(images.flatten(2) if images.dim() == 4 else images, targets)

    def places(self, random: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return z (T, B, Z) and targets (T, B, O)."""
        z, targets = self.z, self.targets
        steps, batch = z.shape[:2]
        if self.mode == "none":
            fresh = torch.randn(z.shape, generator=random).to(z)
            labels = torch.randint(self.classes, (steps, batch), generator=random)
            return fresh, F.one_hot(labels, self.classes).to(z)
        if self.mode == "gaussian":
            return z + self.spread.exp() * torch.randn(z.shape, generator=random).to(z), targets
        if self.mode == "batch_shuffled":
            order = self._draw(steps, random).to(z.device)
            return z[order], targets[order]
        if self.mode == "all_shuffled":
            order = self._draw(steps * batch, random).to(z.device)
            pool, labels = z.flatten(0, 1)[order], targets.flatten(0, 1)[order]
            return pool.view_as(z), labels.view_as(targets)
        return z, targets

    def _draw(self, count: int, random: torch.Generator) -> Tensor:
        if self.replacement:
            return torch.randint(count, (count,), generator=random)
        return torch.randperm(count, generator=random)


class Distilled(Lessons):
    """Dataset distillation under the same outer loop: every pixel is a parameter.

    Labels are drawn once, uniformly, as in the authors' code.
    """

    targets: Tensor

    def __init__(
        self, config: Teaching, shape: tuple[int, ...], classes: int, random: torch.Generator
    ) -> None:
        super().__init__()
        size = (config.inner_steps, config.batch)
        self.pixels = nn.Parameter(torch.randn(*size, *shape, generator=random))
        labels = torch.randint(classes, size, generator=random)
        self.register_buffer("targets", F.one_hot(labels, classes).float())

    def give(self, random: torch.Generator) -> Batches:
        """Return the pixels, squashed into the generator's range."""
        return Batches(RANGE * self.pixels.tanh(), self.targets)


class FromReal(Lessons):
    """Real rows, drawn anew for each learner: only rates and momenta are learned."""

    def __init__(self, config: Teaching, real: Real, classes: int) -> None:
        super().__init__()
        self.real, self.size, self.classes = real, (config.inner_steps, config.batch), classes

    def give(self, random: torch.Generator) -> Batches:
        """Return real batches."""
        steps, batch = self.size
        drawn = self.real.draw(steps * batch, random)
        inputs = drawn.x.view(steps, batch, *drawn.x.shape[1:])
        return Batches(inputs, drawn.targets(self.classes).view(steps, batch, -1))


class Labelling(Lessons):
    """Half-supervised: a classifier labels real rows softly, and the learner learns its labels.

    The outer loss is on the few rows with labels; the classifier is the only thing that meta-
    training changes, beside rates and momenta.
    """

    def __init__(
        self, config: Teaching, rows: Tensor, learner: Learner, random: torch.Generator
    ) -> None:
        super().__init__()
        self.rows, self.size = rows, (config.inner_steps, config.batch)
        self.learner = learner
        seed = int(torch.randint(2**31, (), generator=random))
        self.classifier = nn.ParameterList(draw(learner, [seed]))

    def give(self, random: torch.Generator) -> Batches:
        """Return real inputs with the classifier's softmax as targets."""
        steps, batch = self.size
        chosen = torch.randint(len(self.rows), (steps * batch,), generator=random)
        x = self.rows[chosen.to(self.rows.device)]
        logits, _ = self.learner.forward(tuple(self.classifier), x)  # centred by these rows
        targets = logits[0].softmax(-1).view(steps, batch, -1)
        return Batches(x.view(steps, batch, *x.shape[1:]), targets)
