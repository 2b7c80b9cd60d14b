"""The league's search network: shared weights, one alpha for both places of the cell, two streams.

    found = EdgeSearch(space, config, signals, batch, trial.stream, method)
    trial.restore(**found.stateful, costs=costs)
    found.step(lr), found.code, found.row(signals.val)

What differs between searchers comes in with `Method`: how alpha and w are updated, and whether all
operations run or a sample of them.

Shapes: N batch, L positions, E edges, O operations.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from papers.cells.child.mnist1d import Signals
from papers.cells.league import derive
from papers.cells.rows import Batch, BatchStream, Part, Seed, joined
from papers.cells.space.allowed import Allowed
from papers.cells.space.edge import Code, EdgeSpace
from papers.cells.supernet.bilevel import Problem
from papers.cells.supernet.config import Bilevel
from papers.cells.supernet.derivation import derive_code
from papers.cells.supernet.edge import EdgeSupernet, Shared, build_supernet
from papers.cells.supernet.method import Method
from papers.cells.supernet.relaxation import Relaxation

CELL = "cell"  # the one type of cell


class EdgeSearch:
    """Supernet and alpha with all that trains them.

    w trains on training signals and alpha on validation signals; both on all of them where
    `united`. Batches are signals (N, L) and labels (N).
    """

    def __init__(
        self,
        space: EdgeSpace,
        config: Bilevel,
        signals: Signals,
        batch: int,
        seed: Seed,
        method: Method,
        united: bool = False,
    ) -> None:
        self.space, self.method, where = space, method, signals.train.x.device
        self.supernet = build_supernet(space, seed("init")).to(where)
        self.shared = Shared(self.supernet)
        edges = (space.ops,) * len(space.edges)
        self.relaxation = Relaxation({CELL: edges}, config.alpha_init, seed("alpha")).to(where)
        problem: Problem[Batch] = Problem(
            tuple(self.supernet.parameters()),
            tuple(self.relaxation.parameters()),
            lambda batch: self._loss(self.shared, batch),
            lambda batch: self._loss(self.supernet, batch),
        )
        self.optimizers = method.train(problem)
        parts = {"train": signals.train, "val": signals.val}
        if united:
            parts = dict.fromkeys(parts, joined(signals.train, signals.val, dim=1))
        self.streams = {
            name: BatchStream(part, batch, seed("order", name), batch_last=True)
            for name, part in parts.items()
        }

    @property
    def stateful(self) -> dict[str, Any]:
        """Everything that has state, by name."""
        orders = {f"{name}_order": stream for name, stream in self.streams.items()}
        own = {"supernet": self.supernet, "relaxation": self.relaxation, **orders}
        return own | self.optimizers.stateful

    @property
    def weights(self) -> Tensor:
        """Return the weights of all operations (E, O)."""
        return self.relaxation.weights(CELL)

    @property
    def code(self) -> Code:
        """Return the cell that alpha stands for now: every edge's strongest operation but none."""
        return derive_code(self.weights, self.space)

    def best(self, allowed: Allowed) -> Code:
        """Return the most probable of the allowed cells; without a limit it is `code`."""
        return allowed.best(self.weights.detach().double().log().tolist())

    def step(self, lr: float) -> None:
        """Update alpha and w on the next batches, w at this rate."""
        self.optimizers.step(next(self.streams["train"]), next(self.streams["val"]), lr)

    def _loss(self, net: EdgeSupernet | Shared, batch: Batch) -> Tensor:
        choice = self.method.choose(self.relaxation, CELL)
        return cross_entropy(net(batch[0], choice, self.method.hard), batch[1])

    def row(self, val: Part) -> dict[str, float]:
        """Return validation errors of mixture and derived cell, and where alpha is."""
        code = self.code
        names = self.space.names(code)
        shares = self.relaxation.shares()[CELL]
        with torch.no_grad():
            whole = derive.score(self.shared, self.weights, val)
        return {
            "val_error": 1 - whole,
            "discrete_error": 1 - derive.score(self.shared, code, val),
            "skips": names.count("skip"),
            "convolutions": sum(name.startswith("c") for name in names),
            **{f"alpha_{op}": share for op, share in shares.items()},
            **self.relaxation.row(),
            **{name: float(value) for name, value in self.optimizers.last.items()},
        }
