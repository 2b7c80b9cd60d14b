"""Hypernetworks on ImageNet: trained on what is read turn by turn, judged on unseen networks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from harness.training import data
from papers.ghn2 import study
from papers.ghn2.evaluation import Judged
from papers.ghn2.hyper.config import Hyper, preset, small
from papers.ghn2.hyper.network import HyperNetwork
from papers.ghn2.imagenet import bed as images
from papers.ghn2.imagenet.bed import Reading
from papers.ghn2.imagenet.config import CLASSES, ImageNet
from papers.ghn2.imagenet.judging import judged
from papers.ghn2.space.splits import Space
from papers.ghn2.training import Trainer

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial

LARGE = Hyper(classes=CLASSES, kernel=(16, 16), spatial="imagenet")  # [C]
PREDEFINED = "predefined"


class Turns(data.Endless):
    """Numbers turns where a sampler draws rows: what a turn reads follows from its number."""

    def __init__(self) -> None:
        super().__init__(rows=1, batch=1, seed=0)
        self.turn = 0

    def __next__(self) -> Tensor:
        """Return the number of the next turn (1)."""
        self.turn += 1
        return torch.tensor([self.turn - 1])

    def state_dict(self) -> dict[str, Any]:
        """Return how many turns were given."""
        return {"turn": self.turn}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on after the turns that were given."""
        self.turn = state["turn"]


def hypernetwork(config: ImageNet, trial: Trial) -> HyperNetwork:
    """Return an untrained hypernetwork for the config's networks."""
    mini = config.style == "mini"
    base = small(config.preset, 2, CLASSES) if mini else preset(config.preset, LARGE)
    return study.hypernetwork(base, config, trial)


def run(config: ImageNet, trial: Trial) -> Iterator[Row]:
    """Train a hypernetwork, and judge it on unseen and on predefined networks."""
    bed = images.load(config, trial)
    with closing(bed.batches):
        yield from trained(config, bed, Space(config.style, bed.frame), trial)


def trained(config: ImageNet, bed: Reading, space: Space, trial: Trial) -> Iterator[Row]:
    """Train on a pool of networks; yield curves on validation networks, then the final row."""
    unseen = study.tests(space, config.evaluation)
    if config.predefined:
        unseen[PREDEFINED] = space.split(PREDEFINED, 2)
    watched, pool = study.drawn(space, unseen, config.watched, config.pool, trial)
    hyper = hypernetwork(config, trial)

    def score() -> dict[str, float]:
        found = judged(hyper, {"val": watched}, bed.held_out, config)
        return {f"val_{top}": own["val"].mean for top, own in found.items()}

    trainer = Trainer(hyper, pool, bed, config, trial.stream)
    trainer.inputs = Turns()  # by whose numbers images are read ahead
    yield from study.learn(trainer, config.eval_every, trial, score if watched else dict)
    found = judged(hyper, unseen, bed.judged, config)
    named = {f"{split}_{top}": one for top, own in found.items() for split, one in own.items()}
    study.keep(named, trial)
    counted = {name: trainer.counts[name] for name in ("skipped", "redrawn")}
    yield {**means(found), **counted}


def means(found: dict[str, dict[str, Judged]]) -> dict[str, float]:
    """Return the mean of each split, of all out of distribution, and each predefined network's."""
    row: dict[str, float] = {}
    for top, own in found.items():
        for split, one in own.items():
            if split == PREDEFINED:
                each = zip(one.networks, one.accuracies, strict=True)
                row |= {f"{network.text}_{top}": reached for network, reached in each}
            else:
                row[f"{split}_{top}"] = one.mean
        row |= {f"{name}_{top}": mean for name, mean in study.pooled(own).items()}
    return row
