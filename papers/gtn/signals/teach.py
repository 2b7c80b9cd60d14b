"""Meta-training on MNIST-1D: the last 500 training signals validate, the frozen test set tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from harness.training import loop
from papers.gtn import experiment
from papers.gtn.experiment import accuracies, flops
from papers.gtn.learner import SignalLearner
from papers.gtn.lessons import Real, Rows
from papers.gtn.signals.config import LENGTH, TRAIN, Grid, SignalTeaching, rates
from papers.gtn.teaching import Diverged, Teacher
from papers.signals import splits

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial


def run(config: SignalTeaching, trial: Trial) -> Iterator[Row]:
    """Meta-train on signals and test what came out."""
    yield from experiment.run(config, trial, signals(trial), learner(config))


def signals(trial: Trial) -> Rows:
    """Return the rows of MNIST-1D, which is standardised as it is made."""
    stored, test = splits.frozen(trial)
    train = Real(stored.x[:TRAIN], stored.y[:TRAIN])
    val = Real(stored.x[TRAIN:], stored.y[TRAIN:])
    return Rows("mnist1d", train, val, Real(test.x, test.y), 1, (LENGTH,))


def learner(config: SignalTeaching) -> SignalLearner:
    """Return the learners of a config."""
    return SignalLearner(config.channels, LENGTH, experiment.CLASSES, config.weight_norm)


class Tried:
    """What each setting of a grid reached; a run that was not finite reached nothing."""

    def __init__(self) -> None:
        self.accuracy: dict[str, float] = {}
        self.ended: dict[str, int] = {}  # the outer step at which a run was given up

    def state_dict(self) -> dict[str, object]:
        """Return what a resumed trial needs."""
        return {"accuracy": dict(self.accuracy), "ended": dict(self.ended)}

    def load_state_dict(self, state: dict[str, dict[str, float]]) -> None:
        """Take an earlier attempt's settings over."""
        self.accuracy = dict(state["accuracy"])
        self.ended = {name: int(turn) for name, turn in state["ended"].items()}


def grid(config: Grid, trial: Trial) -> Iterator[Row]:
    """Meta-train at every setting; the share of those that stay finite and learn."""
    rows, tried = signals(trial), Tried()
    trial.restore(tried=tried)
    for setting in config.settings:
        phase = f"meta/{setting}"
        if trial.meter.done(phase):
            continue
        first, outer = rates(setting)
        own = replace(config, first_rate=first, outer_lr=outer)
        made, real = experiment.lessons(own, rows, learner(own), generator(trial, setting))
        horizon = trial.meter.horizon(phase)
        teacher = Teacher(own, learner(own), made, real, trial.stream, horizon)
        trial.restore(teacher=teacher)
        trial.meter.count_flops(phase, flops(teacher))
        yield from _one(teacher, rows, tried, setting, trial)
    reached = {setting: tried.accuracy.get(setting, 0.0) for setting in config.settings}
    learned = sum(accuracy >= config.learns for accuracy in reached.values())
    yield {
        "share": learned / len(reached),
        "finite": 1 - len(tried.ended) / len(reached),
        "best_val_accuracy": max(reached.values()),
        **{f"reached {setting}": accuracy for setting, accuracy in reached.items()},
    }


def _one(teacher: Teacher, rows: Rows, tried: Tried, setting: str, trial: Trial) -> Iterator[Row]:
    """Meta-train at one setting; a run that has diverged waits for its phase to end."""

    def update(turn: int) -> None:
        if setting not in tried.ended:
            try:
                teacher.update(turn)
            except Diverged:
                tried.ended[setting] = turn

    def measure(turn: int) -> list[Row]:
        groups = teacher.config.evaluated // teacher.config.learners
        reached = accuracies(teacher, rows.val, "val", groups)[-1].mean().item()
        tried.accuracy[setting] = 0.0 if setting in tried.ended else reached
        return [{"val_accuracy": tried.accuracy[setting]}]

    phase = f"meta/{setting}"
    yield from loop.fit(trial.meter, phase, update, measure, trial.meter.horizon(phase))


def generator(trial: Trial, setting: str) -> torch.Generator:
    """Return the generator of a setting's first weights."""
    return torch.Generator().manual_seed(trial.stream("lessons", setting))
