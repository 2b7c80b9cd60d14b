"""The search network on given rows: shared weights w, alpha, and what trains both.

    found = NodeSearch(design, config, rows, batch, trial.stream, method)
    trial.restore(**found.stateful)
    loop.fit(meter, "search", lambda turn: found.step(turn, horizon), ...)
    found.weights, found.genotype, found.error(), found.discrete_error()

Everything that differs between searchers and studies comes in: `Design` (size, dimensions, which
operations an edge has), `Bilevel` (rates and decays), `Rows` (data and augmentation), and `Method`
(how alpha and w are updated, on a mixture of all operations or on samples). Losses go through the
fast supernet, except where a gradient is differentiated again. Batch norms use the statistics of
the batch, always: also where the network is judged (DARTS, Sec. 3.1).

Shapes: N rows, E edges, O operations, K classes.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from harness.training import device
from papers.cells.network.counting import multiply_adds
from papers.cells.rows import Batch, BatchStream, Part, Rows, Seed
from papers.cells.space.genotype import Genotype
from papers.cells.supernet.bilevel import Problem, rate
from papers.cells.supernet.config import Bilevel
from papers.cells.supernet.derivation import derive, path
from papers.cells.supernet.method import Method
from papers.cells.supernet.node import Design, Supernet, Weights
from papers.cells.supernet.node_fast import quickest
from papers.cells.supernet.relaxation import Relaxation

EVAL_ROWS = {1: 500, 2: 250}  # at most, at a time, when judging, for each number of dimensions


class NodeSearch:
    """Supernet, alpha, their optimizers, and two streams of batches with generators of their own.

    Two searches with the same seed see the same data in the same order, however they update alpha.
    """

    def __init__(
        self,
        design: Design,
        config: Bilevel,
        rows: Rows,
        batch: int,
        seed: Seed,
        method: Method,
    ) -> None:
        where = rows.train.x.device
        self.design, self.rows, self.config, self.method = design, rows, config, method
        with device.seeded(seed("init")):
            self.supernet = Supernet(design).to(where)
        self.fast = quickest(self.supernet, batch)
        edges = {name: design.operations(name == "reduce") for name in ("normal", "reduce")}
        self.relaxation = Relaxation(edges, config.alpha_init, seed("alpha")).to(where)
        problem: Problem[Batch] = Problem(
            tuple(self.supernet.parameters()),
            tuple(self.relaxation.parameters()),
            lambda batch: self._loss(self.fast, batch),
            lambda batch: self._loss(self.supernet, batch),
        )
        self.optimizers = method.train(problem)
        self.streams = {
            name: BatchStream(
                part, batch, seed(name, "order"), rows.augment, seed(name, "augment")
            )
            for name, part in (("train", rows.train), ("val", rows.alpha))
        }

    @property
    def stateful(self) -> dict[str, Any]:
        """Everything that a resumed trial restores, by name."""
        streams = {f"{name}_rows": stream for name, stream in self.streams.items()}
        own = {"supernet": self.supernet, "relaxation": self.relaxation, **streams}
        return own | self.optimizers.stateful

    # -- training ---------------------------------------------------------------------------------

    def step(self, turn: int, horizon: int) -> None:
        """Update alpha and w on the next batches; w's rate is on a cosine."""
        lr = rate(self.config, turn, horizon)
        train, val = next(self.streams["train"]), next(self.streams["val"])
        self.optimizers.step(train, val, lr)

    @property
    @torch.no_grad()
    def flops(self) -> float:
        """FLOPs of a step with all operations: three times the loop's forward for each pass."""
        stream = self.streams["train"]
        x = self.rows.plain(torch.zeros_like(stream.part.x[:2]))
        with torch.random.fork_rng([x.device] if x.is_cuda else []):  # of spaces with noise
            macs = multiply_adds(self.supernet, lambda: self.supernet(x, *self.weights)) / len(x)
        return 3 * 2 * self.method.passes * macs * stream.batch

    def _loss(self, net: Supernet, batch: Batch) -> Tensor:
        normal, reduce = (
            self.method.choose(self.relaxation, name) for name in ("normal", "reduce")
        )
        logits = net(batch[0], normal, reduce, self.method.hard)
        return F.cross_entropy(logits, batch[1])

    # -- what it has come to ----------------------------------------------------------------------

    @property
    @torch.no_grad()
    def weights(self) -> tuple[Tensor, Tensor]:
        """Softmaxed alpha (E, O) of the normal and of the reduction cell."""
        return self.relaxation.weights("normal"), self.relaxation.weights("reduce")

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
        pieces = -(-len(part.y) // EVAL_ROWS[self.design.dim])  # nearly equal ones
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
