"""The search network on given rows: shared weights w, alpha, and what trains both (Alg. 1).

    searched = Searched(design, config, rows, batch, trial.stream)
    trial.restore(**searched.stateful)
    loop.fit(meter, "search", lambda turn: searched.step(turn, horizon), ...)
    searched.weights, searched.genotype, searched.error(), searched.discrete_error()

Everything that differs between studies comes in: `Design` (size, dimensions, which operations an
edge has), `Darts` (which gradient, all rates and decays), `Rows` (data and augmentation). Losses
go through the fast supernet, except where a gradient is differentiated again. Batch norms use
the statistics of the batch, always: also where the network is judged (Sec. 3.1).

Shapes: N rows, E edges, O operations, K classes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from harness.training import data, device, optim
from papers.cells.child.mnist1d import Part
from papers.cells.network.counting import multiply_adds
from papers.cells.space.genotype import Genotype
from papers.cells.supernet.bilevel import Problem
from papers.cells.supernet.derivation import derive, path
from papers.cells.supernet.node import Design, Supernet, Weights
from papers.cells.supernet.node_fast import FastSupernet
from papers.cells.supernet.relaxation import Relaxation
from papers.darts.bilevel import Architect
from papers.darts.config import PASSES, Darts
from papers.darts.space.rows import Rows

Batch = tuple[Tensor, Tensor]  # inputs (N, C, ...), labels (N)
Seed = Callable[..., int]  # the seed of a named random stream: `trial.stream`

ROWS = {1: 500, 2: 250}  # at most, at a time, when judging, for each number of dimensions


class Searched:
    """Supernet, alpha, their optimizers, and two streams of batches with generators of their own.

    Two searches with the same seed see the same data in the same order, whichever gradient of
    alpha they take. `config.union` draws both streams from all rows.
    """

    def __init__(self, design: Design, config: Darts, rows: Rows, batch: int, seed: Seed) -> None:
        where = rows.train.x.device
        self.design, self.config, self.rows = design, config, rows
        with device.seeded(seed("init")):
            self.supernet = Supernet(design).to(where)
        self.fast = FastSupernet.of(self.supernet)
        edges = {name: design.operations(name == "reduce") for name in ("normal", "reduce")}
        self.relaxation = Relaxation(edges, config.alpha_init, seed("alpha")).to(where)
        problem: Problem[Batch] = Problem(
            tuple(self.supernet.parameters()),
            tuple(self.relaxation.parameters()),
            lambda batch: self._loss(self.fast, batch),
            lambda batch: self._loss(self.supernet, batch),
        )
        self.optimizers = Architect(problem, config)
        whole = rows.united.train if config.union else None
        parts = {"train": whole or rows.train, "val": whole or rows.val}
        self.streams = {n: Stream(part, rows, batch, seed, n) for n, part in parts.items()}

    @property
    def stateful(self) -> dict[str, Any]:
        """Everything that a resumed trial restores, by name."""
        own: dict[str, Any] = {"supernet": self.supernet, "relaxation": self.relaxation}
        for name, stream in self.streams.items():
            own |= {f"{name}_rows": stream.rows, f"{name}_augment": stream.drawn}
        return own | self.optimizers.stateful

    # -- training ---------------------------------------------------------------------------------

    def step(self, turn: int, horizon: int) -> None:
        """Update alpha on validation rows, then w on training rows; w's rate is on a cosine."""
        lr = optim.cosine(turn, horizon, self.config.lr, self.config.lowest_lr)
        train, val = next(self.streams["train"]), next(self.streams["val"])
        self.optimizers.step(train, val, lr)

    @property
    @torch.no_grad()
    def flops(self) -> float:
        """FLOPs of a step: three times the loop's forward pass for each pass of the gradient."""
        stream = self.streams["train"]
        x = self.rows.plain(torch.zeros_like(stream.part.x[:2]))
        with torch.random.fork_rng([x.device] if x.is_cuda else []):  # of spaces with noise
            macs = multiply_adds(self.supernet, lambda: self.supernet(x, *self.weights)) / len(x)
        return 3 * 2 * PASSES[self.config.gradient] * macs * stream.rows.batch

    def _loss(self, net: Supernet, batch: Batch) -> Tensor:
        logits = net(batch[0], *self._shares())
        return F.cross_entropy(logits, batch[1])

    def _shares(self) -> tuple[Tensor, Tensor]:
        return self.relaxation.weights("normal"), self.relaxation.weights("reduce")

    # -- what it has come to ----------------------------------------------------------------------

    @property
    @torch.no_grad()
    def weights(self) -> tuple[Tensor, Tensor]:
        """Softmaxed alpha (E, O) of the normal and of the reduction cell."""
        return self._shares()

    @property
    def genotype(self) -> Genotype:
        """The discrete cells that alpha stands for now (Sec. 2.4)."""
        return derive(*self.weights, self.design)

    def error(self, part: Part | None = None) -> float:
        """Return the share of a part's rows (default: validation) that the supernet gets wrong."""
        return self._error(part or self.rows.val, *self.weights)

    def discrete_error(self, genotype: Genotype | None = None, part: Part | None = None) -> float:
        """Return the same of a discrete cell that keeps the shared weights, not retrained.

        Each edge of the cell (default: the one derived now) has its operation at weight 1.
        """
        found = genotype or self.genotype
        paths = (
            path(found.cell(name), self.design, self.design.operations(name == "reduce"))
            for name in ("normal", "reduce")
        )
        return self._error(part or self.rows.val, *paths)

    @torch.no_grad()
    def _error(self, part: Part, normal: Weights, reduce: Weights) -> float:
        pieces = -(-len(part.y) // ROWS[self.design.dim])  # nearly equal ones
        wrong = [
            (self.fast(self.rows.plain(x), normal, reduce).argmax(1) != y).sum()
            for x, y in zip(part.x.chunk(pieces), part.y.chunk(pieces), strict=True)
        ]
        return int(torch.stack(wrong).sum()) / len(part.y)

    def row(self) -> dict[str, float]:
        """Return how far alpha has come, the cell that it stands for, and the newest steps.

        `skips`, `convolutions`: how many of the derived normal cell's eight operations are such;
        `alpha_<operation>`: its mean weight over the normal cell's edges.
        """
        operations = [op for op, _ in self.genotype.normal]
        shares = self.relaxation.shares()["normal"]
        return {
            **self.relaxation.row(),
            **{f"alpha_{op}": share for op, share in shares.items()},
            "skips": operations.count("skip_connect"),
            "convolutions": sum("_conv_" in op for op in operations),
            **{name: float(value) for name, value in self.optimizers.last.items()},
        }


class Stream:
    """Batches of one part without end, augmented: row order and augmentation drawn apart."""

    def __init__(self, part: Part, rows: Rows, batch: int, seed: Seed, name: str) -> None:
        self.part, self.augment = part, rows.augment
        where = part.x.device.type
        self.rows = data.Endless(len(part.y), batch, seed(name, "order"), where)
        self.drawn = torch.Generator().manual_seed(seed(name, "augment"))

    def __next__(self) -> Batch:
        """Return the next batch."""
        rows = next(self.rows)
        x = self.augment(self.part.x.index_select(0, rows), self.drawn)
        return x, self.part.y.index_select(0, rows)
