"""Meta-training on images, and learners that the lessons never saw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.training import data
from papers.gtn import experiment
from papers.gtn.learner import ImageLearner
from papers.gtn.lessons import Real, Rows

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.gtn.images.config import ImageTeaching

HELD_OUT = 1 / 6  # of each class of the stored training rows
NORMS = {"mnist": (0.1307, 0.3081), "fashion_mnist": (0.2860, 0.3530)}  # [C] the first
MLP = 256  # units of a learner without convolutions


def run(config: ImageTeaching, trial: Trial) -> Iterator[Row]:
    """Meta-train on images, and test with what came out, other learners too."""
    own = learner(config)
    yield from experiment.run(config, trial, images(config, trial), own, others(own))


def images(config: ImageTeaching, trial: Trial) -> Rows:
    """Return standardised images; validation rows are cut from the stored training part."""
    mean, deviation = NORMS[config.dataset]

    def part(name: str, rows: int | None = None) -> Real:
        split = data.load(config.dataset, name, trial.device, HELD_OUT)
        trial.uses(config.dataset, split.digest)
        return Real((split.x[:rows].float() / 255 - mean) / deviation, split.y[:rows])

    train, val, test = part("train"), part("val", config.tested), part("test", config.tested)
    inputs, *sides = train.x.shape[1:]
    return Rows(config.dataset, train, val, test, inputs, tuple(sides), mean, deviation)


def learner(config: ImageTeaching) -> ImageLearner:
    """Return the learner of a config: each convolution halves the sides."""
    return ImageLearner(
        tuple((channels, 2) for channels in config.channels),
        config.hidden,
        pooling=config.pooling,
        head=config.head,
        classes=experiment.CLASSES,
        weight_norm=config.weight_norm,
    )


def others(own: ImageLearner) -> dict[str, ImageLearner]:
    """Return learners that the lessons never saw: other widths, pools, heads, no convolution."""

    def width(times: float) -> ImageLearner:
        scaled = tuple((max(1, round(c * times)), s) for c, s in own.convolutions)
        return replace(own, convolutions=scaled)

    return {
        "wide": width(2),
        "narrow": width(0.5),
        "other_pooling": replace(own, pooling="stride" if own.pooling == "max" else "max"),
        "other_head": replace(own, head="mean" if own.head == "flat" else "flat"),
        "mlp": replace(own, convolutions=(), hidden=MLP, head="flat"),
    }
