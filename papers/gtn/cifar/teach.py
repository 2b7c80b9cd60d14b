"""Meta-training on CIFAR-10, and the race: how many steps on real data come to as much?

The other side is not meta-learned: SGD with momentum under a cosine to 0 over the steps that it
has, the rate chosen on validation images for each number of steps, on augmented images. It is what
a method is measured by and no part of it, so that it stands off the clock.

Shapes: T inner steps, S real steps, B batch, N rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from harness.training import optim
from papers.cells.child.images import STORED as SIDE
from papers.gtn import experiment
from papers.gtn.cifar import images
from papers.gtn.cifar.learners import CifarLearner
from papers.gtn.learner import draw
from papers.gtn.lessons import FromReal, Real, Rows
from papers.gtn.meta import Course, Numbers

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.gtn.cifar.config import CifarRace, CifarTeaching


def run(config: CifarRace, trial: Trial) -> Iterator[Row]:
    """Meta-train, test what came out on other widths too, and race real data against it."""
    own, rows = learner(config), images.rows(config, trial)
    for row in experiment.run(config, trial, rows, own, others(own)):
        if "test_accuracy" not in row:
            yield row
            continue
        yield {**row, **race(config, trial, rows, own, float(row["test_accuracy"]))}


def learner(config: CifarTeaching) -> CifarLearner:
    """Return the learner of a config: `larger2`, or one of other widths."""
    return CifarLearner(
        tuple(zip(config.channels, config.strides, strict=True)),
        inputs=3,
        side=SIDE,
        head="mean",
        classes=experiment.CLASSES,
        weight_norm=config.weight_norm,
    )


def others(own: CifarLearner) -> dict[str, CifarLearner]:
    """Return learners that the lessons never saw."""

    def width(times: float) -> CifarLearner:
        scaled = tuple((max(1, round(c * times)), s) for c, s in own.convolutions)
        return replace(own, convolutions=scaled)

    return {"wide": width(2), "narrow": width(0.5)}


def race(config: CifarRace, trial: Trial, rows: Rows, own: CifarLearner, goal: float) -> Row:
    """Return how many steps on real data come to an accuracy, and by how much that is slower.

    Lengths rise until one gets there; where none does, the longest is what is told: then the
    truth is more.
    """
    tried: list[tuple[int, float]] = []
    best = 0.0
    for steps in config.real_lengths:
        on_val = [on_real(config, trial, rows, own, steps, r, "val") for r in config.real_rates]
        best = config.real_rates[on_val.index(max(on_val))]
        tried.append((steps, on_real(config, trial, rows, own, steps, best, "test")))
        if tried[-1][1] >= goal:
            break
    needed = caught_up(tried, goal)
    return {
        "real_steps": needed,
        "speedup": needed / config.inner_steps,
        "real_accuracy": tried[-1][1],
        "real_rate": best,
        "caught_up": tried[-1][1] >= goal,
    }


def on_real(
    config: CifarRace,
    trial: Trial,
    rows: Rows,
    own: CifarLearner,
    steps: int,
    rate: float,
    part: str,
) -> float:
    """Return the mean accuracy of fresh learners after so many steps on real data."""
    sized = replace(config, inner_steps=steps)
    lessons = FromReal(sized, rows.train, experiment.CLASSES)
    course = Course(own, steps, config.statistics)
    rates = torch.tensor([optim.cosine(step, steps, rate) for step in range(steps)])
    momenta = torch.full((steps,), config.real_momentum)
    numbers = Numbers(rates.to(trial.device), momenta.to(trial.device), "plain")
    judged: Real = rows.val if part == "val" else rows.test
    found = []
    for number in range(config.raced):
        names = ("race", part, steps, number)
        batches = lessons.give(torch.Generator().manual_seed(trial.stream(*names)))
        weights = draw(own, [trial.stream("learner", *names)], trial.device)
        found.append(course.taught(weights, numbers, batches, judged)[-1].item())
    return sum(found) / len(found)


def caught_up(tried: Sequence[tuple[int, float]], goal: float) -> float:
    """Return the steps at which accuracies (steps, accuracy) pass a goal.

    Between two lengths accuracy is taken as linear in the logarithm of steps; a goal that the
    first length passes, or that none does, gives that length.
    """
    steps, accuracy = tried[-1]
    if len(tried) == 1 or accuracy < goal:
        return float(steps)
    before, low = tried[-2]
    share = (goal - low) / (accuracy - low)
    return math.exp(math.log(before) + share * math.log(steps / before))
