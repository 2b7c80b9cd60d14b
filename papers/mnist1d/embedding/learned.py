"""t-SNE of z, what contrastive learning makes of the signals: digits 0, 3, 6, 8 stand apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch

from harness.training import loop, metrics, optim
from papers.mnist1d.contrastive import training
from papers.mnist1d.contrastive.found import Found
from papers.mnist1d.embedding import maps, sketch
from papers.signals import splits

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.mnist1d.embedding.config import Learned


def run(config: Learned, trial: Trial) -> Iterator[Row]:
    """Train without labels, then map every member's z: one row per member."""
    train, test = splits.frozen(trial)
    recipe = config.training()
    learners, views = training.build(recipe, trial, train, test)
    optimizer = optim.adam(learners.parameters(), recipe.lr)
    found = Found()
    trial.restore(learners=learners, optimizer=optimizer, views=views, found=found)
    blank = train.x.new_zeros(config.members, 2 * recipe.batch_size, train.x.shape[1])
    step = metrics.flops(lambda: training.loss(learners, blank, recipe).sum().backward())
    trial.meter.count_flops("train", config.epoch_steps * step)
    for _ in trial.meter.steps("train"):
        found.lose(training.train_epoch(learners, optimizer, views, recipe))
    yield from found.curve(config.epochs)  # the loss alone: nothing was probed

    x = torch.cat([train.x, test.x])[: config.points]
    labels = torch.cat([train.y, test.y])[: config.points].cpu().numpy()
    rows: list[Row] = []
    for member, z in enumerate(loop.evaluate(learners, x).cpu().numpy()):
        with trial.meter.timed("embed"):
            embedded = maps.embed(z, config)
        np.savez(trial.artifacts / f"map-{member}.npz", points=embedded.points, labels=labels)
        rows.append({"member": member, **maps.read(z, labels, embedded, config)})
        if member == 0:
            text = sketch.encode(embedded.points[: config.drawn], labels[: config.drawn])
            rows[0] = {**rows[0], "map": text}
    yield from rows  # after the last embedding: a checkpoint then stands behind none of them
