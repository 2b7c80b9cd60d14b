"""The child protocol of the task `mnist1d-cells`: how every cell of the league is trained.

One recipe for all methods, fixed before any search: MNIST-1D's frozen signals, 3,000 for training
and 1,000 for validation out of the 4,000 training signals, the 1,000 test signals; batches of 50,
300 steps of SGD with Nesterov momentum under a cosine. `train` trains many children at once.

Shapes: E children, L positions, N rows, K classes.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor

from harness.training import data, device, ensemble, loop, optim
from harness.trial import stream
from papers.cells.network.fast.stack import Stack
from papers.cells.network.light import CHANNELS, build_light
from papers.cells.rows import Part, Sealed
from papers.cells.space.edge import Code, EdgeSpace
from papers.cells.task import CHILD_STEPS
from papers.signals import dataset

EVAL_ROWS = 250  # at a time when evaluating: what fits the cache


@dataclass(frozen=True)
class Recipe:
    """What every child shares; the hash of these values is part of the table of truth."""

    channels: int = CHANNELS
    batch: int = 50
    steps: int = CHILD_STEPS
    lr: float = 0.1
    momentum: float = 0.9  # Nesterov
    weight_decay: float = 5e-4
    held_out: int = 1000  # of the 4,000 training signals, for validation
    split_seed: int = 0
    version: int = 1  # of what the values do not say: network, initial weights, streams

    @property
    def digest(self) -> str:
        """Return a hash of the recipe."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def thirds(self) -> tuple[int, int, int]:
        """Return after how many steps validation accuracy is taken."""
        return (self.steps // 3, 2 * self.steps // 3, self.steps)


RECIPE = Recipe()


@dataclass(frozen=True)
class Signals:
    """The three parts, the hash of the data, and of which rows are in which part."""

    train: Part
    val: Part
    test: Sealed
    digest: str

    @classmethod
    def load(cls, recipe: Recipe = RECIPE, where: str = "cpu") -> Signals:
        """Generate the frozen data set and split it."""
        arrays = dataset.generate()
        order = np.random.default_rng(recipe.split_seed).permutation(len(arrays["y"]))
        cut, kept = np.sort(order[: recipe.held_out]), np.sort(order[recipe.held_out :])
        digest = hashlib.sha256(f"{dataset.digest(arrays)} {cut.tolist()}".encode()).hexdigest()

        def part(x: np.ndarray, y: np.ndarray) -> Part:
            signals = torch.tensor(x.T, dtype=torch.float32, device=where).contiguous()
            return Part(signals, torch.tensor(y, device=where))

        return cls(
            part(arrays["x"][kept], arrays["y"][kept]),
            part(arrays["x"][cut], arrays["y"][cut]),
            Sealed(part(arrays["x_test"], arrays["y_test"])),
            digest[:32],
        )


@dataclass(frozen=True)
class Child:
    """One trained child: accuracies as fractions, mean loss of the last epoch, its seconds.

    `test` is not a number where the test set stayed sealed.
    """

    code: Code
    seed: int
    val: tuple[float, float, float]
    test: float
    train_loss: float
    seconds: float


class Orders:
    """The rows of every batch, for several seeds: what a seed sees depends on nothing else."""

    def __init__(self, seeds: Sequence[int], rows: int, batch: int, device: str) -> None:
        self.samplers = [
            data.Endless(rows, batch, stream(seed, "order"), device) for seed in seeds
        ]

    def next(self) -> Tensor:
        """Return the next batch of every seed (S, B)."""
        return torch.stack([next(sampler) for sampler in self.samplers])


def train(
    space: EdgeSpace,
    children: Sequence[tuple[Code, int]],
    signals: Signals,
    recipe: Recipe = RECIPE,
    test: bool = True,
) -> list[Child]:
    """Train children (code, seed) side by side from their own initial weights.

    What a child becomes does not depend on which others stand beside it. `test` opens the test
    set at the end. Seconds are the computing thread's own on a CPU, shared out equally.
    """
    clock = device.clock(signals.train.x.device.type)
    begin = clock()
    built = [
        build_light(space, code, stream(seed, "init"), recipe.channels) for code, seed in children
    ]
    stack = Stack(built).to(signals.train.x.device)
    curves, losses = fit(stack, [seed for _, seed in children], signals, recipe)
    tested = accuracy(stack, signals.test.open()) if test else losses * math.nan
    seconds = (clock() - begin) / len(children)
    values = zip(children, curves.tolist(), tested.tolist(), losses.tolist(), strict=True)
    return [
        Child(code, seed, (val[0], val[1], val[2]), right, loss, seconds)
        for (code, seed), val, right, loss in values
    ]


def fit(
    stack: Stack, seeds: Sequence[int], signals: Signals, recipe: Recipe
) -> tuple[Tensor, Tensor]:
    """Train stacked children, each on its seed's batches.

    Returns validation accuracy at each third (E, 3) and the mean loss of the last epoch (E).
    """
    where = signals.train.x.device.type
    optimizer = optim.unfused_sgd(
        stack.parameters(), recipe.lr, recipe.momentum, recipe.weight_decay, nesterov=True
    )
    different = sorted(set(seeds))
    own = torch.tensor([different.index(seed) for seed in seeds], device=where)
    orders = Orders(different, len(signals.train.y), recipe.batch, where)
    epoch = len(signals.train.y) // recipe.batch
    curves, losses = [], torch.zeros(len(seeds), device=where)
    for step in range(recipe.steps):
        optim.set_rate(optimizer, optim.cosine(step, recipe.steps, recipe.lr))
        rows = orders.next()
        x = signals.train.x[:, rows].transpose(0, 1).index_select(0, own)  # (E, L, B)
        each = cross_entropy(stack(x), signals.train.y[rows].index_select(0, own))
        loop.descend(each.sum(), optimizer)  # members do not interact
        if step >= recipe.steps - epoch:
            losses += each.detach() / epoch
        if step + 1 in recipe.thirds:
            curves.append(accuracy(stack, signals.val))
    return torch.stack(curves, 1), losses


def cross_entropy(logits_EKN: Tensor, labels_EN: Tensor) -> Tensor:
    """Return each child's mean cross-entropy (E)."""
    return ensemble.cross_entropy(logits_EKN.transpose(1, 2), labels_EN)


@torch.no_grad()
def accuracy(stack: Stack, part: Part) -> Tensor:
    """Return each child's accuracy (E) on a part, with running statistics."""
    stack.eval()
    right = [
        (stack(x).argmax(1) == y).sum(1)
        for x, y in zip(part.x.split(EVAL_ROWS, dim=1), part.y.split(EVAL_ROWS), strict=True)
    ]
    stack.train()
    return torch.stack(right).sum(0) / len(part.y)
