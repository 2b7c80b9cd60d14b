"""The learned activation function in a small CNN on images, beside well-known ones.

The paper tells of it in words: a low loss in the first epoch, a middle rank at convergence. Its
code was never published, so network and protocol are ours. The function is learned on MNIST-1D in
the same trial; networks of all functions start from the same weights and see the same batches.

Shapes: N batch, C channels, H W space.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import cross_entropy

from harness.training import data, device, loop, metrics, optim
from papers.mnist1d import hidden_layer
from papers.mnist1d.meta_activation import inner as inner_loop
from papers.mnist1d.meta_activation.activation import (
    FUNCTIONS,
    Known,
    Learnable,
    Table,
    Tabulated,
)
from papers.mnist1d.meta_activation.training import Search, learn

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.mnist1d.meta_activation.config import Transfer


def run(config: Transfer, trial: Trial) -> Iterator[Row]:
    """Learn a function, then train one CNN per activation function; a row per measurement."""
    search = Search(config, trial, inner_loop.prepare(config, trial))
    found = Found()
    trial.restore(search=search, found=found)
    yield from learn(search)
    images = Images(config, trial)
    for name in config.activations:
        phase = f"train/{name}"
        if trial.meter.done(phase):
            continue
        learner = Learner(config, trial, images, phi(name, search))
        trial.restore(
            network=learner.network, optimizer=learner.optimizer, batches=learner.batches
        )
        trial.meter.count_flops(phase, learner.flops())
        update = partial(found.train, name, learner)
        measure = partial(found.measure, name, learner, config.measure_every)
        yield from loop.fit(trial.meter, phase, update, measure, config.measure_every)
    yield found.summary(max(1, len(images.train) // config.image_batch))


class Images:
    """A data set's two parts on the device; inputs are standardised by the training part's."""

    def __init__(self, config: Transfer, trial: Trial) -> None:
        self.train = data.load(config.dataset, "train", trial.device, fraction=0)
        self.test = data.load(config.dataset, "test", trial.device)
        trial.uses(config.dataset, self.train.digest)
        deviation, mean = torch.std_mean(self.train.x.float())
        self.deviation, self.mean = deviation.item(), mean.item()

    def standard(self, x: Tensor) -> Tensor:
        """Return inputs (N, C, H, W) with mean 0 and deviation 1 over the training part."""
        return (x.float() - self.mean) / self.deviation


class Phi(nn.Module):
    """An activation function of `hidden_layer` as a module, without noise."""

    def __init__(self, activation: hidden_layer.Activation) -> None:
        super().__init__()
        self.activation = activation

    def forward(self, z: Tensor) -> Tensor:
        """Apply it to every entry of z (N, ...)."""
        bent: Tensor = _Bent.apply(z, self.activation)  # type: ignore[no-untyped-call]
        return bent


class _Bent(torch.autograd.Function):
    """phi and phi' come from one look-up; the backward pass multiplies by the latter."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, activation: hidden_layer.Activation) -> Tensor:
        """Return phi(z)."""
        bend = activation.bend(z.reshape(1, len(z), -1))
        ctx.save_for_backward(bend.slope.view_as(z))
        return bend.value.view_as(z)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """Return the gradient by z."""
        return gradient * ctx.saved_tensors[0], None


def phi(name: str, search: Search) -> Phi:
    """Return the learned or a well-known activation function."""
    if name != "learned":
        return Phi(Known(FUNCTIONS[name]))
    table = Table(Learnable(search.meta, search.config.share).table())
    return Phi(Tabulated(table, search.meta[3][:, 0] * 0))


def build(images: Images, bend: nn.Module, seed: int) -> nn.Module:
    """Return the CNN: two convolutions of stride 2 (16 and 32 channels), then linear."""
    channels, height, width = images.train.x.shape[1:]
    corner = ((height + 3) // 4) * ((width + 3) // 4)
    with device.seeded(seed):
        return nn.Sequential(
            nn.Conv2d(channels, 16, 5, stride=2, padding=2),
            bend,
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            bend,
            nn.Flatten(),
            nn.Linear(32 * corner, 10),
        )


class Learner:
    """A CNN with one activation function, its optimizer and its batches."""

    def __init__(self, config: Transfer, trial: Trial, images: Images, bend: Phi) -> None:
        self.images = images
        self.network = build(images, bend, trial.stream("images", "init")).to(trial.device)
        self.optimizer = optim.adam(self.network.parameters(), config.image_lr)
        seed = trial.stream("images", "order")
        rows, batch = len(images.train), min(config.image_batch, len(images.train))
        self.batches = data.Endless(rows, batch, seed, trial.device)

    def loss(self, rows: Tensor) -> Tensor:
        """Return the mean cross-entropy of some training rows."""
        x, y = self.images.train.batch(rows)
        return cross_entropy(self.network(self.images.standard(x)), y)

    def update(self) -> Tensor:
        """Take one step; return its loss."""
        return loop.descend(self.loss(next(self.batches)), self.optimizer)

    def flops(self) -> float:
        """Return the FLOPs of one step."""
        rows = torch.arange(self.batches.batch, device=self.images.train.x.device)
        return metrics.flops(lambda: self.loss(rows).backward())

    @torch.no_grad()
    def accuracy(self) -> float:
        """Return the accuracy on all test rows."""
        x, y = self.images.test.x, self.images.test.y
        parts = [self.network(self.images.standard(part)) for part in x.split(1000)]
        return metrics.accuracy(torch.cat(parts), y).item()


class Found:
    """Training losses and last test accuracy of every function so far."""

    def __init__(self) -> None:
        self.losses: dict[str, list[Tensor]] = {}
        self.accuracy: dict[str, float] = {}

    def train(self, name: str, learner: Learner, turn: int) -> None:
        """Take one step with a function, and keep its loss."""
        self.losses.setdefault(name, []).append(learner.update())

    def measure(self, name: str, learner: Learner, since: int, turn: int) -> list[Row]:
        """Return the mean loss of the last `since` steps, and the test accuracy."""
        self.accuracy[name] = learner.accuracy()
        loss = torch.stack(self.losses[name][-since:]).mean().item()
        return [{f"{name}_loss": loss, f"{name}_test_accuracy": self.accuracy[name]}]

    def summary(self, epoch: int) -> Row:
        """Return the result: losses of the first epoch and of as many last steps, accuracy."""
        row = {"test_accuracy": self.accuracy["learned"]}
        for name, losses in self.losses.items():
            row[f"{name}_first_loss"] = torch.stack(losses[:epoch]).mean().item()
            row[f"{name}_last_loss"] = torch.stack(losses[-epoch:]).mean().item()
            row[f"{name}_test_accuracy"] = self.accuracy[name]
        return row

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed trial needs."""
        losses = {name: torch.stack(losses) for name, losses in self.losses.items() if losses}
        return {"losses": losses, "accuracy": dict(self.accuracy)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take an earlier attempt's losses over."""
        self.losses = {name: list(losses) for name, losses in state["losses"].items()}
        self.accuracy = dict(state["accuracy"])
