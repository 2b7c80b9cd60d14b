"""Hypernetworks on images, and the networks that they predict for trained by SGD instead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from harness.training import data, optim
from harness.trial import stream
from papers.ghn2 import study
from papers.ghn2.evaluation import accuracy, judge, on
from papers.ghn2.hyper.config import preset, small
from papers.ghn2.hyper.network import HyperNetwork
from papers.ghn2.images import bed as images
from papers.ghn2.space.network import Network
from papers.ghn2.space.splits import Space
from papers.ghn2.testbed import Testbed

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.ghn2.images.config import ImageBaseline, Images


def hypernetwork(config: Images, trial: Trial) -> HyperNetwork:
    """Return an untrained hypernetwork for the config's networks."""
    base = small(config.preset, 2) if config.style == "mini" else preset(config.preset)
    return study.hypernetwork(base, config, trial)


def run(config: Images, trial: Trial) -> Iterator[Row]:
    """Train a hypernetwork, and judge it on unseen and on predefined networks."""
    bed = images.load(config.dataset, config.side, config.stem_stride, trial)
    space, hyper = Space(config.style, bed.frame), hypernetwork(config, trial)
    for row in study.run(bed, space, hyper, config, config, trial):
        yield {**row, **predefined(hyper, space, bed, config)} if "id" in row else row


def predefined(
    hyper: HyperNetwork, space: Space, bed: Testbed, config: Images
) -> dict[str, float]:
    """Return the accuracy of each predefined network, by its name."""
    if not config.predefined:
        return {}
    networks = space.split("predefined", 2)
    judged = judge(hyper, networks, bed.test, config.eval_batch)
    return {
        network.text: reached for network, reached in zip(networks, judged.accuracies, strict=True)
    }


def sgd(config: ImageBaseline, trial: Trial) -> Iterator[Row]:
    """Train the test networks from random parameters; a turn is a network."""
    bed = images.load(config.dataset, config.side, config.stem_stride, trial)
    networks = Space(config.style, bed.frame).split("test", config.networks)
    reached: dict[str, list[float]] = {str(epoch): [] for epoch in config.at_epochs}
    trial.restore(reached=reached)
    for place in trial.meter.steps("train"):
        curve = trained(networks[place], bed, config, stream(trial.seed, "sgd", place), trial)
        for epoch, score in curve.items():
            reached[str(epoch)].append(score)
    means = {epoch: sum(scores) / max(1, len(scores)) for epoch, scores in reached.items()}
    for at, mean in means.items():
        yield {"at": int(at), "id": mean}
    last = means[str(config.at_epochs[-1])]
    yield {**{f"after_{epoch}": mean for epoch, mean in means.items()}, "id": last}


def trained(
    network: Network, bed: Testbed, config: ImageBaseline, seed: int, trial: Trial
) -> dict[int, float]:
    """Return test accuracies after some epochs of SGD whose rate falls by a cosine an epoch."""
    start = on(network.initial(seed), bed.train.y.device)
    own = {name: value.clone().requires_grad_() for name, value in start.items()}
    weights = list(own.values())
    optimizer = optim.sgd(weights, config.lr, 0.9, config.weight_decay)
    order = data.Endless(len(bed.train), config.batch, seed, str(bed.train.y.device))
    moved = torch.Generator().manual_seed(stream(seed, "augmented"))
    found: dict[int, float] = {}
    for epoch in range(config.at_epochs[-1]):
        optim.set_rate(optimizer, optim.cosine(epoch, config.epochs, config.lr))
        for _ in range(config.epoch_steps):
            step(network, own, bed.drawn(next(order), moved), optimizer, config.clip)
        if epoch + 1 in config.at_epochs:
            with trial.meter.paused():
                found[epoch + 1] = accuracy(network, own, bed.test, config.eval_batch)
    return found


def step(
    network: Network,
    own: dict[str, Tensor],
    batch: tuple[Tensor, Tensor],
    optimizer: torch.optim.Optimizer,
    clip: float,
) -> None:
    """Take a step down the gradient, of limited norm."""
    x, y = batch
    optimizer.zero_grad()
    F.cross_entropy(network.logits(own, x, True), y).backward()
    nn.utils.clip_grad_norm_(own.values(), clip)
    optimizer.step()
