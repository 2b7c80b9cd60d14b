"""Contrastive learning without labels, and how its features fare in front of probes.

Two views of every signal are pulled together and pushed from the other signals' views (InfoNCE).
Then a linear classifier is fitted on every layer: which one holds most about the label?

Symbols: tau, temperature; z, the last layer's output, which the loss sees; H, the encoder's.
Shapes: E members, N rows, B signals of a batch, D features, L = 40 positions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from harness.training import ensemble, loop, metrics, optim
from papers.mnist1d.contrastive import networks, probes
from papers.mnist1d.contrastive.found import Found, Probed
from papers.mnist1d.contrastive.views import Views
from papers.signals import splits

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.mnist1d.contrastive.config import Contrastive


def run(config: Contrastive, trial: Trial) -> Iterator[Row]:
    """Train the members for `config.epochs` epochs; probe on the way, and every layer at last."""
    train, test = splits.frozen(trial)
    learners, views = build(config, trial, train, test)
    optimizer = optim.adam(learners.parameters(), config.lr)
    found = Found()
    trial.restore(learners=learners, optimizer=optimizer, views=views, found=found)
    labelled = splits.Split(train.x[: config.probe_rows], train.y[: config.probe_rows])

    def measure(turn: int) -> Iterator[Row]:
        epoch, last = turn + 1, turn + 1 == trial.meter.horizon("train")
        if last or epoch in config.probe_epochs:
            layers = None if last else (networks.ENCODER,)
            found.probed[epoch] = probe(learners, labelled, test, config, layers)
        if last or epoch in config.probe_epochs or epoch % config.loss_every == 0:
            yield from found.curve(epoch)
        if last:
            yield from found.layerwise()

    blank = train.x.new_zeros(config.members, 2 * config.batch_size, train.x.shape[1])
    step = metrics.flops(lambda: loss(learners, blank, config).sum().backward())
    trial.meter.count_flops("train", config.epoch_steps * step)
    yield from loop.fit(
        trial.meter,
        "train",
        lambda turn: found.lose(train_epoch(learners, optimizer, views, config)),
        measure,
        every=1,
    )
    yield from found.summary()


def build(
    config: Contrastive, trial: Trial, train: splits.Split, test: splits.Split
) -> tuple[nn.Module, Views]:
    """Return the stacked networks and the views of what they train on, by the trial's streams."""
    inits, batches, draws = (
        [trial.stream(name, member) for member in range(config.members)]
        for name in ("init", "batches", "views")
    )
    learners = ensemble.stack([networks.build(config.head, seed) for seed in inits])
    x = train.x if config.rows == "train" else torch.cat([train.x, test.x])
    return learners.to(trial.device), Views(x, config, batches, draws)


def train_epoch(
    learners: nn.Module, optimizer: torch.optim.Optimizer, views: Views, config: Contrastive
) -> Tensor:
    """Take the steps of one epoch; return each member's mean loss over its batches: (E)."""
    losses = []
    for both in views.epoch():
        own = loss(learners, both, config)
        loop.descend(own.sum(), optimizer)  # members do not interact
        losses.append(own.detach())
    return torch.stack(losses).mean(0)


def loss(learners: nn.Module, both: Tensor, config: Contrastive) -> Tensor:
    """Return the InfoNCE loss of views (E, 2B, L), both in one pass: (E)."""
    first, second = learners(both).chunk(2, dim=-2)
    return info_nce(first, second, config.temperature)


def info_nce(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """Return mean_i -log(exp(s_ii / tau) / sum_j exp(s_ij / tau)): z (..., B, D) twice -> (...).

    s is the cosine. One direction only, first views against second ones; the positive pair is
    part of the sum.
    """
    similarity = normalize(first, dim=-1) @ normalize(second, dim=-1).transpose(-1, -2)
    logits = similarity / temperature
    return (logits.logsumexp(-1) - logits.diagonal(dim1=-2, dim2=-1)).mean(-1)


@torch.no_grad()
def probe(
    learners: nn.Module,
    labelled: splits.Split,
    test: splits.Split,
    config: Contrastive,
    layers: Sequence[int] | None = None,
) -> list[Probed]:
    """Fit every member's probes on labelled rows and score them on test rows.

    The linear ones on these layers, or on all; nearest neighbours always on z.
    """
    features = [every_layer(learners, split.x, config.members) for split in (labelled, test)]
    labels = [split.y.cpu().numpy() for split in (labelled, test)]
    z = len(features[0]) - 1
    wanted = range(z + 1) if layers is None else layers

    def rows(layer: int, member: int) -> tuple[probes.Labelled, probes.Labelled]:
        sides = [side[layer][member].flatten(1).double().cpu().numpy() for side in features]
        return (sides[0], labels[0]), (sides[1], labels[1])

    return [
        Probed(
            {layer: probes.linear(*rows(layer, member)) for layer in wanted},
            probes.nearest(*rows(z, member), config.neighbours),
        )
        for member in range(config.members)
    ]


def every_layer(learners: nn.Module, x: Tensor, members: int) -> list[Tensor]:
    """Return signals (N, L) and what each layer makes of them, a member axis first."""
    layers: list[Tensor] = learners.layers(x)  # type: ignore[operator]
    return [x.expand(members, *x.shape), *layers]
