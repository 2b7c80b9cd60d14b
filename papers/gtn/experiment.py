"""One meta-training from its beginning to its test: the story that all studies tell.

Rows: the outer loss and validation accuracy on the way; what each inner step reaches, its rate and
its momentum; and the result, test accuracy of fresh learners, in the order of the curriculum and
with its steps shuffled.

Shapes: T inner steps, K learners, N rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from harness.training import loop, metrics
from papers.gtn import exported
from papers.gtn.generator import Generator, Sizes
from papers.gtn.learner import Learner, draw
from papers.gtn.lessons import (
    Distilled,
    FromReal,
    Generated,
    Labelling,
    Lessons,
    Real,
    Rows,
)
from papers.gtn.teaching import Diverged, Teacher, back

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.gtn.config import Teaching

CLASSES = 10


def lessons(
    config: Teaching, rows: Rows, learner: Learner, random: torch.Generator
) -> tuple[Lessons, Real]:
    """Return what a config teaches with, and the real rows of its outer losses."""
    if config.treatment == "gtn":
        sizes = Sizes(
            config.noise,
            config.generator_hidden,
            config.generator_channels,
            rows.inputs,
            rows.sides,
            CLASSES,
            config.weight_norm,
        )
        made = Generator(sizes, random)
        return Generated(config, made, CLASSES, random), rows.train
    if config.treatment == "distill":
        return Distilled(config, rows.shape, CLASSES, random), rows.train
    if config.treatment == "real":
        return FromReal(config, rows.train, CLASSES), rows.train
    few = config.labelled
    labelled = Real(rows.train.x[:few], rows.train.y[:few])
    return Labelling(config, rows.train.x[few:], learner, random), labelled


def start(config: Teaching, trial: Trial, rows: Rows, learner: Learner) -> Teacher:
    """Return a teacher at the beginning of its meta-training."""
    random = torch.Generator().manual_seed(trial.stream("lessons"))
    made, real = lessons(config, rows, learner, random)
    return Teacher(config, learner, made, real, trial.stream, trial.meter.horizon("meta"))


def run(
    config: Teaching,
    trial: Trial,
    rows: Rows,
    learner: Learner,
    others: Mapping[str, Learner] | None = None,
) -> Iterator[Row]:
    """Meta-train, then teach fresh learners with what came out; a row per measurement.

    `others` are learners that the lessons never saw: what they reach stands beside the result.
    """
    teacher = start(config, trial, rows, learner)
    trial.restore(teacher=teacher)
    trial.meter.count_flops("meta", flops(teacher))

    def update(turn: int) -> None:
        try:
            teacher.update(turn)
        except Diverged:
            trial.save()  # what was there before the steps that were left out
            raise

    def measure(turn: int) -> list[Row]:
        found = accuracies(teacher, rows.val, "val", 1)[-1]
        row = {"meta_loss": teacher.loss, "val_accuracy": found.mean().item()}
        if lasting(config):  # whoever stops a long run has what it came to
            exported.save(trial.artifacts / exported.NAME, exported.bundle(teacher, rows, turn))
        return [{**row, "skipped": teacher.skipped}]

    yield from loop.fit(trial.meter, "meta", update, measure, config.eval_every)
    more: dict[str, float] = {}
    if lasting(config):
        made = exported.bundle(teacher, rows, teacher.horizon)
        exported.save(trial.artifacts / exported.NAME, made)
        more["exported_accuracy"] = reached(teacher, made, rows.test)
    for name, other in (others or {}).items():
        found = accuracies(teacher, rows.test, name, config.evaluated, learner=other)
        more[f"{name}_accuracy"] = found[-1].mean().item()
    yield from examine(teacher, rows, more)


def lasting(config: Teaching) -> bool:
    """Tell whether a treatment gives the same batches again, which can be handed on."""
    return config.treatment in ("gtn", "distill") and config.curriculum in ("full", "fixed")


def flops(teacher: Teacher) -> float:
    """Return the FLOPs of one outer step, with the way back into what made the lesson."""

    def step() -> None:
        found, batches = teacher.gradient(0)
        back(batches, found)

    counted = metrics.flops(step)
    teacher.optimizer.zero_grad()
    return counted


def accuracies(
    teacher: Teacher,
    real: Real,
    name: str,
    groups: int,
    every: int = 0,
    shuffled: bool = False,
    learner: Learner | None = None,
) -> Tensor:
    """Return accuracies (n, learners) of fresh learners after every `every`-th step and the last.

    A group of K learners shares a lesson; `shuffled`: its steps come in a random order, rates and
    momenta stay where they are.
    """
    found = []
    course = teacher.course if learner is None else teacher.course.of(learner)
    for group in range(groups):
        batches = teacher.lesson(name, group)
        if shuffled:
            random = teacher.random("order", name, group)
            batches = batches.ordered(torch.randperm(course.steps, generator=random))
        weights = draw(course.learner, teacher.fresh(name, group), teacher.device)
        found.append(course.taught(weights, teacher.numbers, batches, real, every))
    return torch.cat(found, 1)


def reached(teacher: Teacher, made: exported.Bundle, real: Real) -> float:
    """Return the accuracy of fresh learners on what was exported, which is rounded."""
    course, config, found = teacher.course, teacher.config, []
    for group in range(config.evaluated // config.learners):
        weights = draw(course.learner, teacher.fresh("test", group))
        found.append(course.taught(weights, made.numbers(), made.batches(), cpu(real)))
    return torch.cat(found, 1).mean().item()


def cpu(real: Real) -> Real:
    """Return real rows where exported ones are."""
    return Real(real.x.cpu(), real.y.cpu())


def examine(teacher: Teacher, rows: Rows, more: Row) -> Iterator[Row]:
    """Yield what each inner step reaches, and the result on test rows."""
    config = teacher.config
    groups = config.evaluated // config.learners
    curve = accuracies(teacher, rows.test, "test", groups, every=1)
    rates, momenta = (values.tolist() for values in teacher.numbers.values())
    for step, reached in enumerate(curve.mean(1).tolist()):
        row = {"inner_accuracy": reached, "rate": rates[step], "momentum": momenta[step]}
        yield {"at": step + 1, **row}
    mixed = accuracies(teacher, rows.test, "test", groups, shuffled=True)[-1].mean().item()
    plain = curve[-1].mean().item()
    yield {
        "test_accuracy": plain,
        "shuffled_accuracy": mixed,
        "order_gain": plain - mixed,
        "test_spread": curve[-1].std().item() if curve.shape[1] > 1 else 0.0,
        "meta_loss": teacher.loss,
        "skipped": teacher.skipped,
        "highest_momentum": max(momenta),
        "momenta_above_one": sum(m > 1 for m in momenta),
        **more,
    }
