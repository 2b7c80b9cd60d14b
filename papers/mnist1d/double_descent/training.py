"""Double descent: models of rising width, trained far past the point where they fit all labels.

Members of one width train stacked. Each has its own initial weights and its own order of the
rows, so that nothing random is shared.

Shapes: E members, N rows, B of a batch, 40 positions, K = 10 classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from harness.training import ensemble, loop, metrics, optim
from harness.training.data import Endless
from papers.mnist1d import models
from papers.mnist1d.double_descent import labels, networks
from papers.mnist1d.double_descent.config import TRAIN_BATCH
from papers.mnist1d.double_descent.curve import summary
from papers.mnist1d.sweep import Found, Values
from papers.signals import dataset, splits

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.mnist1d.double_descent.config import Descent

DATA = dataset.Arguments(num_samples=16_000, train_split=0.25)  # [N] 4,000 / 12,000, seed 42


def run(config: Descent, trial: Trial) -> Iterator[Row]:
    """Train the members at each width in turn; sum the curve up in a last row per member."""
    train, test = load(config, trial)
    found: Found = {}
    trial.restore(found=found)
    for width in config.widths:
        if not trial.meter.done(f"train/{width}"):
            yield from at_width(Wide(config, trial, width, train), test, found)
    for member in range(config.members):
        yield {"member": member, **summary(config, found, member)}


def load(config: Descent, trial: Trial) -> tuple[splits.Split, splits.Split]:
    """Return 4,000 training rows, noisy where the config says so, and 12,000 clean test rows."""
    data = dataset.generate(
        num_samples=DATA.num_samples, train_split=DATA.train_split, seed=DATA.seed
    )
    if config.noise:
        stream = labels.after_generation(DATA)
        data = {**data, "y": labels.noisy(data["y"], config.noise, stream)}
    trial.uses("mnist1d", dataset.digest(data))
    return splits.parts(data, trial.device)


class Batches:
    """Every member's next rows (E, B), shuffled anew in every epoch by a stream of its own."""

    def __init__(self, rows: int, orders: Sequence[int], device: str) -> None:
        self.members = [Endless(rows, TRAIN_BATCH, seed, device) for seed in orders]

    def __next__(self) -> Tensor:
        return torch.stack([next(member) for member in self.members])

    def state_dict(self) -> dict[str, Any]:
        """Return what continues in the middle of an epoch."""
        return {"members": [member.state_dict() for member in self.members]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where other batches of the same rows were."""
        for member, kept in zip(self.members, state["members"], strict=True):
            member.load_state_dict(kept)


class Wide:
    """All members at one width: models, optimizer, batches; how they step and what they score."""

    def __init__(self, config: Descent, trial: Trial, width: int, train: splits.Split) -> None:
        self.config, self.trial, self.width, self.train = config, trial, width, train
        seeds = [trial.stream("init", width, member) for member in range(config.members)]
        singles = [networks.build(config.model, width, seed) for seed in seeds]
        self.learners = ensemble.stack(singles).to(trial.device)
        self.optimizer = optim.sgd(self.learners.parameters(), config.lr, config.momentum)
        # a member's stream is the same at all widths: its models see the same batches everywhere
        orders = [trial.stream("batches", member) for member in range(config.members)]
        self.batches = Batches(len(train.y), orders, trial.device)
        self.hot = hot(train.y)

    def restore(self) -> None:
        """Go on where an earlier attempt was at this width."""
        self.trial.restore(learners=self.learners, optimizer=self.optimizer, batches=self.batches)

    def step(self, turn: int) -> None:
        """Take one SGD step on the next batch."""
        self.differentiate(*self.examples(next(self.batches)))
        self.optimizer.step()

    def examples(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return signals (E, B, 40) and one-hot labels (E, B, K) of rows (E, B)."""
        parts = (self.train.x, self.hot)
        x, target = (
            part.index_select(0, rows.flatten()).unflatten(0, rows.shape) for part in parts
        )
        return x, target

    def differentiate(self, x: Tensor, target: Tensor) -> None:
        """Give every parameter the gradient of its own member's loss on its own rows."""
        if self.config.model == "mlp":
            networks.backpropagate(self.learners, x, target, self.config.loss)
            return
        self.optimizer.zero_grad()
        logits = self.learners(x)
        logits.backward(networks.SLOPES[self.config.loss](logits.detach(), target))

    def flops(self) -> float:
        """Return the FLOPs of one step."""
        rows = torch.arange(TRAIN_BATCH, device=self.hot.device)
        examples = self.examples(rows.expand(self.config.members, -1))
        return metrics.flops(lambda: self.differentiate(*examples))

    def score(self, test: splits.Split) -> list[Values]:
        """Return errors (fractions) and losses of every member, on train and test rows."""
        rows: list[Values] = [{} for _ in range(self.config.members)]
        for name, split in (("train", self.train), ("test", test)):
            logits = loop.evaluate(self.learners, split.x)
            errors = 1 - metrics.accuracy(logits, split.y).double()
            losses = LOSSES[self.config.loss](logits, split.y)
            for row, error, loss in zip(rows, errors.tolist(), losses.tolist(), strict=True):
                row |= {f"{name}_error": error, f"{name}_loss": loss}
        return rows


def at_width(wide: Wide, test: splits.Split, found: Found) -> Iterator[Row]:
    """Train the members at one width, score them now and then, and keep the last scores."""
    meter, phase = wide.trial.meter, f"train/{wide.width}"
    wide.restore()
    meter.count_flops(phase, wide.flops())
    last = meter.horizon(phase) - 1
    size = networks.parameters(wide.config.model, wide.width)

    def measure(turn: int) -> Iterator[Row]:
        scores = wide.score(test)
        if turn == last:
            found[wide.width] = scores
        for member, row in enumerate(scores):
            yield {"member": member, "at": wide.width, "parameters": size, **row}

    yield from loop.fit(meter, phase, wide.step, measure, wide.config.eval_every)
    if wide.width not in found:  # a cap cut the phase short
        found[wide.width] = wide.score(test)


def hot(labels_N: Tensor) -> Tensor:
    """Return labels as rows of ten zeros and a one, (N, K)."""
    return one_hot(labels_N, models.CLASSES).float()


def squared_error(logits_ENK: Tensor, labels_N: Tensor) -> Tensor:
    """Return each member's squared error to one-hot labels, mean over rows and outputs: (E)."""
    return (logits_ENK - hot(labels_N)).square().mean((-2, -1))


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "cross_entropy": ensemble.cross_entropy,
    "mse": squared_error,
}
