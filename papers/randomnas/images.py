"""Random search with weight sharing on DARTS's cell space and CIFAR-10 (Sec. 4.2).

For every minibatch a pair of cells is drawn uniformly and the shared weights take one step along
its paths. Then cells drawn uniformly are scored on some validation batches, the best of them on
all validation images, and the best of those is trained from scratch by DARTS's recipe.

Shapes: N rows, K classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from random import Random
from statistics import fmean
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional as F  # noqa: N812

from harness.training import device, loop, optim
from papers.cells.child import retrained, testbed
from papers.cells.child.testbed import Kept, Training, train
from papers.cells.network.counting import multiply_adds
from papers.cells.rows import Batch, BatchStream, Rows, Seed
from papers.cells.space.genotype import Genotype
from papers.cells.space.node import DARTS
from papers.cells.space.record import keep_genotype
from papers.cells.supernet.derivation import path
from papers.cells.supernet.node import Design, Path, Supernet
from papers.cells.supernet.node_fast import quickest

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.randomnas.config import ImageSharing

Scores = dict[str, list[float]]  # error of every candidate, by phase


def run(config: ImageSharing, trial: Trial) -> Iterator[Row]:
    """Train shared weights along random paths, choose a cell, train it from scratch."""
    bed, meter = testbed.of(config, trial.device), trial.meter
    design = Design(config.channels, config.cells, dim=bed.rows.dim, inputs=bed.rows.inputs)
    shared = SharedPaths(design, config, bed.rows, trial.stream)
    scores: Scores = {"candidates": [], "finalists": []}
    kept: Kept = {}
    trial.uses(bed.rows.dataset, bed.rows.digest)
    trial.restore(**shared.stateful, scores=scores, kept=kept)
    horizon = meter.horizon("search")
    meter.count_flops("search", 3 * 2 * shared.mean_macs() * config.batch)

    def update(turn: int) -> None:
        shared.step(optim.cosine(turn, horizon, config.lr, config.lowest_lr))

    def measure(turn: int) -> list[Row]:
        return [{"at": turn + 1, "train_loss": float(shared.loss)}]

    yield from loop.fit(meter, "search", update, measure, config.eval_every)
    drawn = Random(trial.stream("candidates"))
    cells = [DARTS.random(drawn) for _ in range(config.candidates)]
    batches = bed.rows.val.x.split(config.batch)
    for turn in meter.steps("candidates"):
        scores["candidates"].append(shared.error(cells[turn], config.batches))
    order = sorted(range(len(scores["candidates"])), key=scores["candidates"].__getitem__)
    finalists = order[: config.finalists]
    for turn in meter.steps("finalists"):
        scores["finalists"].append(shared.error(cells[finalists[turn]], len(batches)))
    best = min(range(len(finalists)), key=scores["finalists"].__getitem__)
    found = cells[finalists[best]]
    begin = partial(bed.child, found, bed.parts, partial(trial.stream, "retrain"))
    yield from train(Training("retrain", begin, bed.parts, config.child_every), trial, kept)
    final = {
        **retrained.result(kept),
        "discrete_error": scores["finalists"][best],
        "mean_discrete_error": fmean(scores["candidates"]),
    }
    keep_genotype(trial.artifacts, found, f"test error {100 * final['test_error']:.2f} %")
    yield {**final, "cell": found.text, "dataset": bed.rows.dataset}


class SharedPaths:
    """The search network, one path of it at a time; batch norms always use the batch."""

    def __init__(self, design: Design, config: ImageSharing, rows: Rows, seed: Seed) -> None:
        self.design, self.config, self.rows = design, config, rows
        with device.seeded(seed("init")):
            self.supernet = Supernet(design).to(rows.train.x.device)
        self.fast = quickest(self.supernet, config.batch)
        self.optimizer = optim.unfused_sgd(
            self.supernet.parameters(), config.lr, config.momentum, config.weight_decay
        )
        self.stream = BatchStream(
            rows.train, config.batch, seed("order"), rows.augment, seed("augment")
        )
        self.paths = Random(seed("paths"))
        self.loss = torch.zeros(())

    @property
    def stateful(self) -> dict[str, Any]:
        """Everything that a resumed trial restores, by name."""
        return {name: getattr(self, name) for name in ("supernet", "optimizer", "stream", "paths")}

    def step(self, lr: float) -> None:
        """Take a step along the paths of a cell pair drawn uniformly."""
        batch = next(self.stream)
        optim.set_rate(self.optimizer, lr)
        loss = self._loss(DARTS.random(self.paths), batch)
        own = self.supernet.parameters()
        self.loss = optim.clipped_step(loss, own, self.optimizer, self.config.clip)

    def _loss(self, genotype: Genotype, batch: Batch) -> torch.Tensor:
        return F.cross_entropy(self.fast(batch[0], *self._both(genotype)), batch[1])

    def _both(self, genotype: Genotype) -> tuple[Path, Path]:
        """Return the paths of the normal and of the reduction cell."""
        normal, reduce = (
            path(genotype.cell(name), self.design, self.design.operations(name == "reduce"))
            for name in ("normal", "reduce")
        )
        return normal, reduce

    @torch.no_grad()
    def error(self, genotype: Genotype, batches: int) -> float:
        """Return the share that a cell gets wrong of so many validation batches."""
        wrong, count, val = 0, 0, self.rows.val
        pairs = zip(val.x.split(self.config.batch), val.y.split(self.config.batch), strict=True)
        for (x, y), _ in zip(pairs, range(batches), strict=False):
            logits = self.fast(self.rows.plain(x), *self._both(genotype))
            wrong, count = wrong + int((logits.argmax(1) != y).sum()), count + len(y)
        return wrong / count

    @torch.no_grad()
    def mean_macs(self, cells: int = 20) -> float:
        """Return the multiply-adds of a row along a random path, in the mean over some."""
        x, drawn = self.rows.plain(torch.zeros_like(self.rows.train.x[:2])), Random(0)
        paths = [self._both(DARTS.random(drawn)) for _ in range(cells)]
        counts = [multiply_adds(self.supernet, partial(self.supernet, x, *p)) for p in paths]
        return fmean(counts) / len(x)
