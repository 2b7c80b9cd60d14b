"""New data from the same distribution, in four orders of its positions.

Shapes: 40 positions.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from papers.mnist1d import models
from papers.mnist1d.lottery.learner import Course, Found
from papers.mnist1d.lottery.pruning import at_random, everything
from papers.mnist1d.lottery.subnetwork import Subnetwork, initial
from papers.signals import dataset, splits

if TYPE_CHECKING:
    from harness.trial import Trial
    from papers.mnist1d.lottery.config import Lottery


def order(variant: str) -> dataset.Integers:
    """Return the places (40) from which a variant takes its positions."""
    places = np.arange(models.SIGNAL)
    if variant == "flipped":
        return places[::-1].copy()
    if variant == "shuffled":
        return dataset.permutation("C")
    if variant == "chunks":
        return np.concatenate([places[20:40], places[0:20]])
    return places


def courses(config: Lottery, device: str) -> dict[str, Course]:
    """Return the course of every variant that the config asks for."""
    variants = {name.split("_")[0] for name in config.transfers}
    if not variants:
        return {}
    train, test = splits.parts(dataset.generate(seed=config.transfer_seed), device)
    fresh = splits.fresh(config.fresh_rows, device)
    built = {}
    for variant in sorted(variants):
        places = order(variant)
        signals, tests, unseen = (
            replace(split, x=split.x[:, places]) for split in (train, test, fresh)
        )
        built[variant] = Course(
            signals,
            tests,
            unseen,
            config.lr,
            config.transfer_batch_size,
            config.transfer_eval_every,
            config.plateau,
        )
    return built


def network(name: str, config: Lottery, trial: Trial, found: Found) -> Subnetwork:
    """Return the network of a condition as it starts on new data.

    dense, ticket and random start from theta_0; reinit has the ticket's masks on other weights,
    the same for every variant. With `faithful` no condition starts from theta_0: the notebook
    rewinds by seeding again, which its package no longer does for the weights.
    """
    _, condition = name.split("_")
    level = config.ticket_level
    start = found.theta0
    if condition == "reinit":
        start = initial(trial.stream("reinit"), config.hidden, trial.device)
    elif config.faithful:
        start = initial(trial.stream("transfer", name), config.hidden, trial.device)
    if condition == "dense":
        return Subnetwork(start, everything(start))
    if condition == "random":
        return Subnetwork(start, at_random(start, level, trial.stream("random", str(level))))
    return Subnetwork(start, found.ticket)
