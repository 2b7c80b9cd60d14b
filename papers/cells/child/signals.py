"""MNIST-1D as a testbed: 3,000 signals for w and for children, 1,000 for alpha and for choices.

A child is the evaluation network of one dimension, without second classifier and drop path at
this size, trained as DARTS trains its own (App. A.1). The 1,000 test signals stay sealed until
its last step.

Shapes: N rows, L positions, K classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch.nn import functional as F  # noqa: N812

from harness.training import data, device, metrics, optim
from papers.cells.child import mnist1d
from papers.cells.child.config import SignalChildren
from papers.cells.network.counting import multiply_adds
from papers.cells.network.darts import Layout, Network
from papers.cells.network.fast import batch_last
from papers.cells.rows import Part, Rows, Seed, unchanged
from papers.cells.space.genotype import Genotype

EVAL_ROWS = 250  # at a time when judging: what fits the cache


def rows(signals: mnist1d.Signals) -> Rows:
    """Return what a search sees: 3,000 rows for w, 1,000 for alpha, (N, 1, 40), as they are."""
    parts = (batch_first(signals.train), batch_first(signals.val))
    return Rows("mnist1d", signals.digest, *parts, unchanged, lambda x: x)


def batch_first(part: Part) -> Part:
    """Return signals stored as (L, N) with the batch first: (N, 1, L)."""
    return Part(part.x.T[:, None].contiguous(), part.y)


@dataclass(frozen=True)
class SignalTestbed:
    """The testbed."""

    config: SignalChildren
    signals: mnist1d.Signals
    parts: tuple[str, ...] = ("val", "test")

    @classmethod
    def load(cls, config: SignalChildren, where: str) -> SignalTestbed:
        """Generate the frozen data set."""
        return cls(config, mnist1d.Signals.load(where=where))

    @cached_property
    def rows(self) -> Rows:
        """What a search sees."""
        return rows(self.signals)

    def child(self, genotype: Genotype, parts: tuple[str, ...], seed: Seed) -> SignalChild:
        """Return an untrained network; it trains on 3,000 signals, whatever will judge it."""
        return SignalChild(genotype, self.config, self, seed)

    def judged(self, part: str) -> Part:
        """Return the rows (N, 1, L) of `val` or `test`; asking for `test` opens it."""
        return self.rows.val if part == "val" else batch_first(self.signals.test.open())


class SignalChild:
    """A network with its optimizer and its batches."""

    def __init__(
        self,
        genotype: Genotype,
        config: SignalChildren,
        testbed: SignalTestbed,
        seed: Seed,
    ) -> None:
        self.config, self.testbed, self.part = config, testbed, testbed.rows.train
        where = self.part.x.device
        with device.seeded(seed("init")):
            self.network = Network(layout(genotype, config)).to(where)
        self.optimizer = optim.unfused_sgd(  # an input that no node reads has no gradient
            self.network.parameters(),
            config.child_lr,
            config.child_momentum,
            config.child_decay,
        )
        self.rows = data.Endless(len(self.part.y), config.child_batch, seed("order"), where.type)
        self.horizon = config.child_steps
        self.loss = torch.zeros((), device=where)  # of the newest step

    @property
    def stateful(self) -> dict[str, Any]:
        """Everything that a resumed trial restores."""
        names = ("network", "optimizer", "rows")
        return {f"child_{name}": getattr(self, name) for name in names}

    @property
    def parameters(self) -> int:
        """Trainable numbers."""
        return metrics.parameters(self.network)

    @property
    @torch.no_grad()
    def flops(self) -> float:
        """FLOPs of an update: three times the forward pass."""
        x = torch.zeros_like(self.part.x[:2])
        self.network.eval()  # batch norms must not learn of it
        macs = multiply_adds(self.network, lambda: self.network(x)) / len(x)
        self.network.train()
        return 3 * 2 * macs * self.config.child_batch

    def update(self, turn: int) -> None:
        """Take one step of clipped SGD, its rate on a cosine to 0."""
        optim.set_rate(self.optimizer, optim.cosine(turn, self.horizon, self.config.child_lr))
        rows = next(self.rows)
        logits = batch_last.forward(self.network, self.part.x.index_select(0, rows))
        loss = F.cross_entropy(logits, self.part.y.index_select(0, rows))
        parameters, clip = self.network.parameters(), self.config.child_clip
        self.loss = optim.clipped_step(loss, parameters, self.optimizer, clip)

    def row(self, done: int) -> dict[str, float]:
        """Return epochs so far, and the loss of the newest batch."""
        epochs = done * self.config.child_batch / len(self.part.y)
        return {"epoch": epochs, "train_loss": float(self.loss)}

    @torch.no_grad()
    def error(self, part: str) -> float:
        """Return the share of a part's rows that is misclassified, with running statistics."""
        judged = self.testbed.judged(part)
        self.network.eval()
        wrong = [
            (batch_last.forward(self.network, x).argmax(1) != y).sum()
            for x, y in zip(judged.x.split(EVAL_ROWS), judged.y.split(EVAL_ROWS), strict=True)
        ]
        self.network.train()
        return int(torch.stack(wrong).sum()) / len(judged.y)


def layout(genotype: Genotype, config: SignalChildren) -> Layout:
    """Return what is built from a genotype."""
    return Layout(genotype, config.child_channels, config.child_layers, inputs=1, dim=1)
