"""Pooling: one kind of network, trained on training sets of rising size.

Members train stacked on the same batches, in stored order, and differ in their initial weights.

Shapes: E members, N rows, 40 positions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from torch import Tensor

from harness.training import ensemble, loop, metrics, optim
from papers.mnist1d.pooling import networks
from papers.mnist1d.pooling.config import TEST, TRAIN_BATCH
from papers.mnist1d.sweep import Found, Values, along
from papers.signals import dataset, splits

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.mnist1d.pooling.config import Pooled

Sets = tuple[splits.Split, splits.Split]  # train, test


def run(config: Pooled, trial: Trial) -> Iterator[Row]:
    """Train the members on each size in turn; sum the sizes up in a last row per member."""
    sets = load(config, trial)
    found: Found = {}
    trial.restore(found=found)
    for size in config.sizes:
        if not trial.meter.done(f"train/{size}"):
            yield from on_size(config, trial, *sets[size], found)
    for member in range(config.members):
        yield {"member": member, **summary(config, found, member)}


def on_size(
    config: Pooled, trial: Trial, train: splits.Split, test: splits.Split, found: Found
) -> Iterator[Row]:
    """Train the members on one size, score them now and then, and keep the last scores."""
    size = len(train.y)
    meter, phase = trial.meter, f"train/{size}"
    # one stream for all sizes: a curve over sizes starts from the same weights everywhere
    seeds = [trial.stream("init", member) for member in range(config.members)]
    learners = ensemble.stack([networks.build(config.kind, seed) for seed in seeds])
    learners.to(trial.device)
    optimizer = optim.adam(learners.parameters(), config.lr)
    trial.restore(learners=learners, optimizer=optimizer)
    last = meter.horizon(phase) - 1

    def loss(turn: int) -> Tensor:
        x, y = train.batch(turn, TRAIN_BATCH)
        return ensemble.cross_entropy(learners(x), y).sum()  # members do not interact

    def score() -> list[Values]:
        logits = loop.evaluate(learners, test.x)
        right = metrics.accuracy(logits, test.y).tolist()
        losses = ensemble.cross_entropy(logits, test.y).tolist()
        pairs = zip(right, losses, strict=True)
        return [{"test_accuracy": accuracy, "test_loss": each} for accuracy, each in pairs]

    def measure(turn: int) -> Iterator[Row]:
        scores = score()
        if turn == last:
            found[size] = scores
        yield from ({"member": m, "at": size, **row} for m, row in enumerate(scores))

    meter.count_flops(phase, metrics.flops(lambda: loss(0).backward()))
    yield from loop.fit(
        meter, phase, lambda turn: loop.descend(loss(turn), optimizer), measure, config.eval_every
    )
    if size not in found:  # a cap cut the phase short
        found[size] = score()


def load(config: Pooled, trial: Trial) -> dict[int, Sets]:
    """Return, for every size, that many training rows and 1,000 test rows of one set, seed 42."""
    sets, digests = {}, []
    for size in config.sizes:
        data = dataset.generate(num_samples=size + TEST, train_split=1.0)
        x, y = data["x"], data["y"]
        # cut by count: the floor of a fraction's product can be a row short
        data |= {"x": x[:size], "y": y[:size], "x_test": x[size:], "y_test": y[size:]}
        digests.append(dataset.digest(data))
        sets[size] = splits.parts(data, trial.device)
    trial.uses("mnist1d", hashlib.sha256("".join(digests).encode()).hexdigest()[:32])
    return sets


def summary(config: Pooled, found: Found, member: int) -> Values:
    """Return one member's accuracy at every size, their mean, and the gain from least to most."""
    accuracies = along(found, "test_accuracy", member)
    smallest, largest = config.sizes[0], config.sizes[-1]
    return {
        **{f"accuracy_{size}": accuracy for size, accuracy in accuracies.items()},
        "accuracy_mean": sum(accuracies.values()) / len(accuracies),
        "gain": accuracies[largest] - accuracies[smallest],
        "test_accuracy": accuracies[largest],
    }
