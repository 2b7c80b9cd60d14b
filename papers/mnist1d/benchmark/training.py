"""The benchmark of Fig. 2: four neural models on ordered and on shuffled signals.

Many seeds of one model train as one stacked ensemble on the same batches, which come in stored
order: the members differ in their initial weights alone, as the authors' repeated runs do.

Shapes: E members, N rows, 40 positions, 10 classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
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
    best = Best([0.0] * config.members)
    trial.restore(learners=learners, optimizer=optimizer, best=best)

    def loss(turn: int) -> Tensor:
        x, y = train.batch(turn, config.batch_size)
        return ensemble.cross_entropy(learners(x), y).sum()  # members do not interact

    def measure(turn: int) -> list[Row]:
        rows = score(learners, train, "train", score(learners, test, "test"))
        return [best.see(row) for row in rows]

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


@dataclass
class Best:
    """Highest test accuracy that each member has shown: optimistic, chosen on the test set."""

    accuracy: list[float] = field(default_factory=list)

    def see(self, row: Row) -> Row:
        """Return the row with the member's best test accuracy so far."""
        member = int(row["member"])
        self.accuracy[member] = max(self.accuracy[member], float(row["test_accuracy"]))
        return {**row, "best_test_accuracy": self.accuracy[member]}

    def state_dict(self) -> dict[str, list[float]]:
        """Return what a resumed trial needs."""
        return {"accuracy": list(self.accuracy)}

    def load_state_dict(self, state: dict[str, list[float]]) -> None:
        """Take an earlier attempt's bests over."""
        self.accuracy = list(state["accuracy"])


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
