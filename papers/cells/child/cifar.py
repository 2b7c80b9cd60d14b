"""The child protocol of the tasks on CIFAR-10: a genotype's network, trained and judged once.

DARTS's evaluation phase (Liu et al. 2019, arXiv:1806.09055, Sec. 3.2) by `CifarRecipe`. What is
reported is the last epoch, never the best; the test set is opened once, after the last update. A
choice between cells is made with `part="val"`, which leaves the test set sealed.

Symbols: e epochs that are over, E epochs in all. Shapes: N images, K classes, H W space.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from harness.training import augment, data, device, loop, metrics, optim
from papers.cells.child.cifar_images import MEAN, STD, CifarImages, augmentation
from papers.cells.child.cifar_recipe import CifarRecipe
from papers.cells.network.darts import Layout, Network
from papers.cells.rows import Part
from papers.cells.space.genotype import Genotype

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial

EVAL_ROWS = 500  # at a time when evaluating


# -- formulas -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Schedule:
    """Learning rate and drop path at each turn of a training of `horizon` turns.

    `epoch` is how many turns an epoch has. A budget that shortens the training shortens the
    schedule with it: what counts is which share of the training is over.
    """

    recipe: CifarRecipe
    epoch: int
    horizon: int

    def over(self, turn: int) -> int:
        """Return the turns that count as over: whole epochs, unless it is annealed by steps."""
        return turn if self.recipe.annealed == "step" else turn - turn % self.epoch

    def lr(self, turn: int) -> float:
        """Return lr (1 + cos(pi e / E)) / 2, after a warm-up where there is one.

        The warm-up rises with every turn, to the full rate in its last one; e and E then count
        the epochs that follow it.
        """
        recipe = self.recipe
        warm = min(recipe.warm_up * self.horizon // recipe.epochs, self.horizon - 1)
        if turn < warm:
            return recipe.lr * (turn + 1) / warm
        return optim.cosine(max(0, self.over(turn) - warm), self.horizon - warm, recipe.lr)

    def drop_path(self, turn: int) -> float:
        """Return the drop-path probability p e / E (Sec. 3.2)."""
        return self.recipe.drop_path * self.over(turn) / self.horizon


def loss(outputs: tuple[Tensor, Tensor | None], labels: Tensor, weight: float) -> Tensor:
    """Return CE + weight CE_aux for logits (N, K); the second is there while training only."""
    logits, second = outputs
    value = F.cross_entropy(logits, labels)
    return value if second is None else value + weight * F.cross_entropy(second, labels)


# -- training -------------------------------------------------------------------------------------


def layout(genotype: Genotype, recipe: CifarRecipe) -> Layout:
    """Return what the recipe builds from a genotype."""
    auxiliary = recipe.auxiliary > 0
    return Layout(genotype, recipe.channels, recipe.layers, auxiliary=auxiliary)


def build(genotype: Genotype, recipe: CifarRecipe, seed: int, where: str = "cpu") -> Network:
    """Return the network with torch's default initial weights, drawn from an own stream."""
    with device.seeded(seed):
        network = Network(layout(genotype, recipe))
    return arranged(network.to(where), recipe)


def arranged(network: Network, recipe: CifarRecipe) -> Network:
    """Return the same network, its weights in the recipe's layout in memory."""
    return network.to(memory_format=_memory(recipe))  # type: ignore[call-overload,no-any-return]


def _memory(recipe: CifarRecipe) -> torch.memory_format:
    return torch.channels_last if recipe.channels_last else torch.contiguous_format


class Tally:
    """Sums over the images since the last row: loss, errors, images; they stay on the device."""

    def __init__(self, where: torch.device) -> None:
        self.sums = torch.zeros(3, dtype=torch.float64, device=where)

    def add(self, value: Tensor, logits: Tensor, labels: Tensor) -> None:
        """Count a batch by its mean loss and its logits (N, K)."""
        rows = labels.new_tensor(len(labels))
        wrong = (logits.argmax(-1) != labels).sum()
        self.sums += torch.stack([value.double() * rows, wrong.double(), rows.double()])

    def take(self) -> dict[str, float]:
        """Return the mean loss and the error, where there were any images, and begin anew."""
        total, wrong, rows = self.sums.tolist()
        self.sums.zero_()
        return {"train_loss": total / rows, "train_error": wrong / rows} if rows else {}

    def state_dict(self) -> dict[str, Any]:
        """Return the sums."""
        return {"sums": self.sums}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with the sums of another tally."""
        self.sums.copy_(state["sums"])


class Training:
    """One network with its optimizer, its batches and its random streams.

    `seed` gives the seed of a named stream. `horizon` is the number of turns that the schedules
    are laid out for; a budget may shorten it before the first turn.
    """

    def __init__(
        self, network: Network, recipe: CifarRecipe, part: Part, seed: Callable[[str], int]
    ) -> None:
        where = part.x.device
        self.network, self.recipe, self.part = network, recipe, part
        self.augmentation = augmentation(recipe)
        self.rows = data.Epochs(len(part.y), recipe.batch, seed("order"), where.type)
        self.horizon = recipe.epochs * len(self.rows)
        self.drawn = torch.Generator().manual_seed(seed("augment"))
        network.stream = torch.Generator(where).manual_seed(seed("drop path"))
        self.optimizer = optim.unfused_sgd(  # an input that no node reads has no gradient
            network.parameters(),
            recipe.lr,
            recipe.momentum,
            recipe.weight_decay,
            nesterov=recipe.nesterov,
        )
        self.tally = Tally(where)
        self._batches = itertools.chain.from_iterable(itertools.repeat(self.rows))

    @property
    def stateful(self) -> dict[str, Any]:
        """Everything that a resumed trial restores, under names that no search uses."""
        return {
            "child_network": self.network,
            "child_optimizer": self.optimizer,
            "child_rows": self.rows,
            "child_augment": self.drawn,
            "child_drops": self.network.stream,
            "child_tally": self.tally,
        }

    @property
    def schedule(self) -> Schedule:
        """Learning rate and drop path of this training."""
        return Schedule(self.recipe, len(self.rows), self.horizon)

    def update(self, turn: int) -> None:
        """Take one step of clipped SGD on the next batch, augmented."""
        recipe, rows = self.recipe, next(self._batches)
        optim.set_rate(self.optimizer, self.schedule.lr(turn))
        self.network.drop_path = self.schedule.drop_path(turn)
        x = self.augmentation(self.part.x.index_select(0, rows), self.drawn)
        y = self.part.y.index_select(0, rows)
        with device.precision(recipe.precision, x.device.type):
            outputs = self.network(x.contiguous(memory_format=_memory(recipe)))
            value = loss(outputs, y, recipe.auxiliary)
            optim.clipped_step(value, self.network.parameters(), self.optimizer, recipe.clip)
        self.tally.add(value.detach(), outputs[0].detach(), y)

    def row(self, done: int) -> dict[str, float]:
        """Return what is known after `done` turns; loss and error are of augmented images."""
        last = max(0, done - 1)
        rates = {"lr": self.schedule.lr(last), "drop_path": self.schedule.drop_path(last)}
        return {"epoch": done / len(self.rows), **self.tally.take(), **rates}


@torch.no_grad()
def error(network: Network, part: Part, recipe: CifarRecipe) -> float:
    """Return the share of a part's images that are misclassified, with running statistics."""
    training = network.training
    network.eval()
    wrong = torch.zeros((), dtype=torch.int64, device=part.x.device)
    for x, y in zip(part.x.split(EVAL_ROWS), part.y.split(EVAL_ROWS), strict=True):
        images = augment.normalise(x, MEAN, STD).contiguous(memory_format=_memory(recipe))
        with device.precision(recipe.precision, x.device.type):
            logits, _ = network(images)
        wrong += (logits.argmax(-1) != y).sum()
    network.train(training)
    return int(wrong) / len(part.y)


def flops(genotype: Genotype, recipe: CifarRecipe, part: Part) -> float:
    """Return the FLOPs of an average update: three times a forward pass, as `costs` charges it.

    Only the forward pass is counted: torch's counter takes the backward pass of a depthwise
    convolution for a dense one's, which would be 2.5 times too much for DARTS's cells. On the
    meta device only shapes go through the network, so nothing that trains is touched.
    """
    with torch.device("meta"):
        network = Network(layout(genotype, recipe))
        x = torch.empty(2, *part.x.shape[1:])
    turns = math.ceil(len(part.y) / recipe.batch)
    with torch.no_grad():
        forward = metrics.flops(lambda: network(x)) / len(x)
    return 3 * forward * len(part.y) / turns


def run(
    genotype: Genotype,
    recipe: CifarRecipe,
    trial: Trial,
    phase: str = "retrain",
    part: str = "test",
) -> Iterator[Row]:
    """Train a genotype from scratch as a phase of a trial; the last row has its error.

    With `part="test"` all training rows are trained on, and `test_error` stands in the last row
    only. With `part="val"` the held-out rows are left out, and every row has their `val_error`.
    A phase that is over, as it is on the way to where a resumed trial was, has no rows.
    """
    meter = trial.meter
    trial.restore()  # what was spent, by which a phase is known to be over
    if meter.done(phase):
        return
    images = CifarImages.load(
        recipe.dataset, trial.device, recipe.left_out(part), recipe.split_seed
    )
    trial.uses(images.dataset, images.digest)

    def begin() -> Training:
        network = build(genotype, recipe, trial.stream(phase, "init"), trial.device)
        return Training(network, recipe, images.train, lambda name: trial.stream(phase, name))

    training, rehearsal = begin(), cache(begin)
    trial.restore(**training.stateful)
    last = training.horizon - 1
    training.horizon = meter.calibrate(phase, lambda: rehearsal().update(last))
    meter.count_flops(phase, flops(genotype, recipe, images.train))

    def row(done: int, judge: bool) -> Row:
        values = training.row(done)
        if judge:
            values[f"{part}_error"] = error(training.network, images.judged(part), recipe)
        return values

    def measure(turn: int) -> Iterator[Row]:
        yield row(turn + 1, part == "val" or turn == training.horizon - 1)

    yield from loop.fit(meter, phase, training.update, measure, recipe.every * len(training.rows))
    done = meter.ledgers[phase].turns
    if done < training.horizon:  # time ran out before the schedule did
        yield row(done, judge=True)
