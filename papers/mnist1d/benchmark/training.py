"""The benchmark of Fig. 2: four neural models on ordered and on shuffled signals.

Many seeds of one model train as one stacked ensemble on the same batches, which come in stored
order: the members differ in their initial weights alone, as the authors' repeated runs do.

Shapes: E members, N rows, 40 positions, 10 classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torch import Tensor, nn

from harness.training import ensemble, loop, metrics, optim
from papers.mnist1d import models
from papers.signals import splits

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.mnist1d.benchmark.config import Training


def run(config: Training, trial: Trial) -> Iterator[Row]:
    """Train the members for `config.steps` steps; measure as the authors do, and at the end."""
    train, test = splits.frozen(trial, config.permutation)
    fresh = splits.fresh(config.fresh_rows, trial.device, config.permutation)
    seeds = [trial.stream("init", member) for member in range(config.members)]
    learners = ensemble.stack([models.build(config.model, seed) for seed in seeds])
    learners.to(trial.device)
    optimizer = optim.adam(learners.parameters(), config.lr)
    best = [0.0] * config.members
    trial.restore(learners=learners, optimizer=optimizer, best=best)

    def loss(turn: int) -> Tensor:
        x, y = train.batch(turn, config.batch_size)
        return ensemble.cross_entropy(learners(x), y).sum()  # members do not interact

    def measure(turn: int) -> list[Row]:
        rows = score(learners, train, "train", score(learners, test, "test"))
        return [seen(best, row) for row in rows]

    trial.meter.count_flops("train", metrics.flops(lambda: loss(0).backward()))
    yield from loop.fit(
        trial.meter,
        "train",
        lambda turn: loop.descend(loss(turn), optimizer),
        measure,
        config.eval_every,
    )
    rows = measure(config.steps)
    yield from score(learners, fresh, "fresh", rows) if len(fresh.y) else rows


def seen(best: list[float], row: Row) -> Row:
    """Return the row with its member's highest test accuracy so far, and keep that in `best`.

    It is optimistic: chosen on the test set.
    """
    member = int(row["member"])
    best[member] = max(best[member], float(row["test_accuracy"]))
    return {**row, "best_test_accuracy": best[member]}


def score(
    learners: nn.Module, split: splits.Split, name: str, rows: list[Row] | None = None
) -> list[Row]:
    """Return a row per member with accuracy and loss on a split, added to `rows` where given."""
    logits = loop.evaluate(learners, split.x)
    accuracy = metrics.accuracy(logits, split.y).tolist()
    losses = ensemble.cross_entropy(logits, split.y).tolist()
    earlier = rows or [{"member": member} for member in range(len(accuracy))]
    return [
        {**row, f"{name}_accuracy": right, f"{name}_loss": loss}
        for row, right, loss in zip(earlier, accuracy, losses, strict=True)
    ]
