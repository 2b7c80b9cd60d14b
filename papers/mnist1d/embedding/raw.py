"""t-SNE of inputs as they are: MNIST's images form clusters, MNIST-1D's signals do not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from harness.training import data
from papers.mnist1d.embedding import maps, sketch
from papers.signals import dataset

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.mnist1d.embedding.config import Raw


def run(config: Raw, trial: Trial) -> Iterator[Row]:
    """Map the points and read the map: one row."""
    x, labels = signals(config, trial) if config.dataset == "mnist1d" else images(config, trial)
    with trial.meter.timed("embed"):
        embedded = maps.embed(x, config)
    np.savez(trial.artifacts / "map.npz", points=embedded.points, labels=labels)
    text = sketch.encode(embedded.points[: config.drawn], labels[: config.drawn])
    yield {**maps.read(x, labels, embedded, config), "map": text}


def signals(config: Raw, trial: Trial) -> tuple[maps.Features, maps.Labels]:
    """Return the first rows of the frozen train and test set, which has no order by class."""
    frozen = dataset.generate()
    trial.uses("mnist1d", dataset.digest(frozen))
    x = np.concatenate([frozen["x"], frozen["x_test"]])[: config.points]
    labels = np.concatenate([frozen["y"], frozen["y_test"]])[: config.points]
    return x.astype(np.float32), labels


def images(config: Raw, trial: Trial) -> tuple[maps.Features, maps.Labels]:
    """Return pixels in 0 to 1 of train images that the trial's own stream chooses."""
    split = data.load(config.dataset, "train", fraction=0.0)
    trial.uses(split.dataset, split.digest)
    random = np.random.default_rng(trial.stream("rows"))
    rows = random.choice(len(split), min(config.points, len(split)), replace=False)
    pixels = split.x.flatten(1).numpy()[rows].astype(np.float32)
    return pixels / pixels.max(), split.y.numpy()[rows]
