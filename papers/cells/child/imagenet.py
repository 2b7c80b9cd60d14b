"""ImageNet's child protocol: a published cell in DARTS's network for it, trained and judged once.

Liu et al. 2019, arXiv:1806.09055, Sec. 3.3: SGD of .1, times .97 after each epoch, smoothed
labels, a second classifier. What is reported is the last turn; the 50,000 images that the authors
test on are opened after it. Ranks may share it: each decodes its own rows. `pixels` are a few
random images with labels.

Shapes: N images of the whole batch, n of this rank, K classes, S the side of an image.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from harness.paper import require
from harness.training import augment, device, distributed, imagenet, metrics, optim
from papers.cells.child.cifar import Tally
from papers.cells.child.imagenet_config import PIXELS, ROWS, ImageNetPublished
from papers.cells.child.retrained import RETRAIN, result
from papers.cells.child.testbed import Kept, Training, train
from papers.cells.network.darts import Layout, Network
from papers.cells.network.darts import imagenet as published_layout
from papers.cells.rows import Seed
from papers.cells.space.genotype import Genotype
from papers.cells.space.published import PUBLISHED
from papers.cells.space.record import keep_genotype

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial

BEST = {"test": 1, "top5": 5}  # what the last row judges: the label is among so many at the top
EVAL_ROWS = 256  # at a time when judging
TEST_PIXELS = 12
Labelled = tuple[imagenet.Images, NDArray[np.int64]]


def run(config: ImageNetPublished, trial: Trial) -> Iterator[Row]:
    """Train a published cell, and test it after the last step."""
    cell, kept = PUBLISHED[config.cell].genotype, Kept()
    images = read(config, partial(trial.stream, RETRAIN))
    trial.uses(config.dataset, images.digest)
    trial.restore(kept=kept)
    with ExitStack() as readers:

        def begin() -> Child:
            child = Child(config, cell, images, partial(trial.stream, RETRAIN), trial.device)
            readers.callback(child.batches.close)
            return child

        yield from train(Training(RETRAIN, begin, tuple(BEST), config.every), trial, kept)
    final = result(kept)
    final["top5_error"] = final.pop("child_top5_error")
    said = f"errors {100 * final['test_error']:.1f} % (top 1), {100 * final['top5_error']:.1f} %"
    keep_genotype(trial.artifacts, cell, f"{said} (top 5): {config.cell}, trained from scratch")
    yield {**final, "cell": cell.text, "dataset": config.dataset}


# -- images ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parts:
    """What trains, and what opens the images that judge."""

    train: Labelled
    test: Callable[[], Labelled]
    digest: str


def read(config: ImageNetPublished, seed: Seed) -> Parts:
    """Return the data set that the config names, training images cropped by their own stream."""
    if config.dataset == PIXELS:
        return pixels(config.side)
    files, judged, digest = imagenet.load()
    images = imagenet.Jpegs(files, config.side, seed("augment"))
    test = imagenet.Jpegs(judged, config.side)
    return Parts((images, files.labels), lambda: (test, judged.labels), digest)


class Pixels(imagenet.Images):
    """Images (N, 3, S, S) bytes that are there already, the same in every epoch."""

    def __init__(self, stored: NDArray[np.uint8]) -> None:
        self.stored = torch.from_numpy(stored)

    def __getitem__(self, at: imagenet.At) -> Tensor:
        """Return one image."""
        return self.stored[at[1]]


def pixels(side: int) -> Parts:
    """Return random images with labels."""
    random = np.random.default_rng(0)
    counts = (ROWS[PIXELS], TEST_PIXELS)
    stored = [random.integers(256, size=(n, 3, side, side), dtype=np.uint8) for n in counts]
    train, test = ((Pixels(x), np.arange(len(x)) % 10) for x in stored)
    digest = hashlib.sha256(stored[0].tobytes()).hexdigest()[:32]
    return Parts(train, lambda: test, digest)


# -- training -------------------------------------------------------------------------------------


def layout(cell: Genotype, config: ImageNetPublished) -> Layout:
    """Return what the config builds from a genotype."""
    whole = published_layout(cell, config.channels, auxiliary=True)
    return replace(whole, layers=config.layers)


def loss(
    outputs: tuple[Tensor, Tensor | None], labels: Tensor, smoothing: float, weight: float
) -> Tensor:
    """Return CE + weight CE_aux of logits (N, K), labels (N) smoothed: (1 - s) y + s / K."""
    value, second = (
        output if output is None else F.cross_entropy(output, labels, label_smoothing=smoothing)
        for output in outputs
    )
    assert value is not None
    return value if second is None else value + weight * second


class Child:
    """One network with its optimizer and its batches, as `testbed.train` takes it.

    Where a budget shortens the training, the rate falls as far as it would have: what counts is
    which share of the training is over.
    """

    def __init__(
        self, config: ImageNetPublished, cell: Genotype, images: Parts, seed: Seed, where: str
    ) -> None:
        self.config, self.cell, self.images, self.where = config, cell, images, where
        with device.seeded(seed("init")):
            network = Network(layout(cell, config))
        self.network: Network = network.to(where, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimizer = optim.unfused_sgd(
            self.network.parameters(), config.lr, config.momentum, config.weight_decay
        )
        found, labels = images.train
        order = seed("order")
        self.batches = imagenet.Batches(
            found, labels, config.batch, order, config.side, config.workers
        )
        self.horizon = config.steps
        self.tally = Tally(torch.device(where))
        self._errors: dict[str, float] = {}

    @property
    def stateful(self) -> dict[str, Any]:
        """Everything that a resumed trial restores; batches follow from the turn."""
        names = ("network", "optimizer", "tally")
        return {f"child_{name}": getattr(self, name) for name in names}

    @property
    def parameters(self) -> int:
        """Trainable numbers without the second classifier's, as the paper counts them."""
        second = self.network.auxiliary
        return metrics.parameters(self.network) - (metrics.parameters(second) if second else 0)

    @property
    def flops(self) -> float:
        """FLOPs of an average update: three times a forward pass, on shapes alone."""
        with torch.device("meta"):
            network = Network(layout(self.cell, self.config))
            x = torch.empty(2, 3, self.config.side, self.config.side)
        with torch.no_grad():
            forward = metrics.flops(lambda: network(x)) / len(x)
        return 3 * forward * len(self.batches.labels) / len(self.batches)

    def lr(self, turn: int) -> float:
        """Return lr decay^e, where e epochs are over (App. A.2)."""
        over = turn - turn % len(self.batches)
        epochs = over / self.horizon * self.config.steps / len(self.batches)
        rate: float = self.config.lr * self.config.lr_decay**epochs
        return rate

    def update(self, turn: int) -> None:
        """Take one step of clipped SGD on the batch of this turn."""
        config = self.config
        optim.set_rate(self.optimizer, self.lr(turn))
        own, labels = self.batches.at(turn, self.horizon - 1)
        y = labels.to(self.where)
        outputs = self.network(self._given(own, len(y)))
        value = loss(outputs, y, config.smoothing, config.auxiliary)
        optim.clipped_step(value, self.network.parameters(), self.optimizer, config.clip)
        self.tally.add(value.detach(), outputs[0].detach(), y)

    def row(self, done: int) -> dict[str, float]:
        """Return what is known after `done` turns; loss and error are of augmented images."""
        rate = {"lr": self.lr(max(0, done - 1))}
        return {"epoch": done / len(self.batches), **self.tally.take(), **rate}

    def error(self, part: str) -> float:
        """Return the share of test images that is misclassified, by the best one or best five."""
        require(part, BEST, "error on ImageNet")
        if not self._errors:  # one look at the images, after the last update, has both
            self._errors = self._judged()
        return self._errors[part]

    @torch.no_grad()
    def _judged(self) -> dict[str, float]:
        """Return all errors on the test images, with running statistics."""
        images, labels = self.images.test()
        config, missed = self.config, dict.fromkeys(BEST, 0)
        self.network.eval()
        read = imagenet.in_order(images, labels, EVAL_ROWS, config.side, config.workers)
        with closing(read):
            for own, judged in read:
                y = judged.to(self.where)
                logits, _ = self.network(self._given(own, len(y)))
                for name, best in BEST.items():
                    missed[name] += int(imagenet.missed(logits, y, best))
        self.network.train()
        return {name: count / len(labels) for name, count in missed.items()}

    def _given(self, own: Tensor, whole: int) -> Any:
        """Return what the network takes for a batch of which this rank has read its own rows."""
        x = augment.normalise(own.to(self.where), imagenet.MEAN, imagenet.STD)
        return distributed.batch(x.contiguous(memory_format=torch.channels_last), whole)
