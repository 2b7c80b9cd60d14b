"""Speed of what the league stands on: children trained side by side, and shared weights.

`python -m harness bench papers/cells` times them.
"""

from __future__ import annotations

import multiprocessing
from functools import cached_property, lru_cache
from multiprocessing.pool import Pool

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from harness.pair import KEEP, Pair
from harness.training import device, loop, metrics, optim
from papers.cells.child import mnist1d
from papers.cells.network.fast.stack import Stack
from papers.cells.network.light import build_light
from papers.cells.space.edge import T1, T2, EdgeSpace
from papers.cells.speed import child_bench, supernet_bench
from papers.cells.supernet.edge import EdgeSupernet, Shared, build_supernet

CELLS = tuple(
    T2.parse(text)
    for text in (
        "|c5~0|+|c3~0|skip~1|+|none~0|avg~1|c5~2|",
        "|c3~0|+|c5~0|avg~1|+|skip~0|c3~1|none~2|",
        "|avg~0|+|c5~0|none~1|+|c3~0|skip~1|c5~2|",
        "|skip~0|+|c3~0|c5~1|+|avg~0|none~1|c3~2|",
    )
)  # two or three convolutions each, as the mean cell of T2 has
SEEDS = (0, 1, 2)
TRAIN_STEPS = 20
TRAIN_BATCH, SCORED_ROWS = 100, 250


def pairs() -> list[Pair]:
    """Return children one by one, side by side and in two processes; every supernet's forms."""
    return [*trained(), child_bench.child(), *edge_supernet(), *supernet_bench.pairs()]


def trained() -> list[Pair]:
    """Return the ways to train children."""
    race = Children()
    per_minute = f"60,000 / ({mnist1d.RECIPE.steps} x ms)"
    return [
        Pair(
            f"{len(race.nets)} children of 4 cells side by side, per child and step",
            race.alone,
            race.together,
            race.agree,
            KEEP,
            units=len(race.nets) * TRAIN_STEPS,
            flops=TRAIN_STEPS * metrics.flops(race.loss_backward),
            note="oracle: torch's layers, one network at a time; children per minute on one core: "
            f"{per_minute}",
        ),
        Pair(
            "the same in two processes, per child and step",
            race.one_process,
            race.two_processes,
            race.processes_agree,
            KEEP,
            units=2 * len(race.nets) * TRAIN_STEPS,
            note="oracle: side by side in one process; without validations; "
            f"children per minute on two cores: {per_minute}",
        ),
    ]


def edge_supernet() -> list[Pair]:
    """Return the edge supernet's loop and its fast form."""
    mixture, score = Mixture(), Scores()
    note = "oracle: a loop over operations, torch's layers"
    return [
        Pair(
            f"edge supernet, mixture of 4 operations, forward and backward, batch {TRAIN_BATCH}",
            mixture.loop,
            mixture.fast,
            mixture.agree,
            KEEP,
            note=note,
        ),
        Pair(
            f"edge supernet, scoring a path on {SCORED_ROWS} rows",
            score.loop,
            score.fast,
            score.agree,
            KEEP,
            units=len(CELLS),
            note=note,
        ),
    ]


def train_batch(seed: int) -> list[float]:
    """Train all children side by side in this process, for STEPS steps; return their losses."""
    device.prepare("cpu")
    return children().together()


@lru_cache(maxsize=1)
def children() -> Children:
    """Return this process's children, built once."""
    return Children()


@lru_cache(maxsize=1)
def signals() -> mnist1d.Signals:
    """Return the data, generated once per process."""
    return mnist1d.Signals.load()


class Children:
    """The same networks, one by one, side by side, and as the builder trains them."""

    def __init__(self) -> None:
        self.nets = [build_light(T2, code, seed) for code in CELLS for seed in SEEDS]
        self.stack = Stack(self.nets)
        generator = torch.Generator().manual_seed(0)
        part = signals().train
        self.rows = torch.randint(len(part.y), (mnist1d.RECIPE.batch,), generator=generator)
        self.x, self.y = part.x[:, self.rows], part.y[self.rows]
        settings = (mnist1d.RECIPE.lr, mnist1d.RECIPE.momentum, mnist1d.RECIPE.weight_decay, True)
        self.own = [optim.unfused_sgd(net.parameters(), *settings) for net in self.nets]
        self.all = optim.unfused_sgd(self.stack.parameters(), *settings)

    def loss(self) -> Tensor:
        """Return the summed loss of all stacked children."""
        labels = self.y.expand(len(self.nets), -1)
        return mnist1d.cross_entropy(self.stack(self.x), labels).sum()

    def loss_backward(self) -> None:
        """Compute gradients once, for counting."""
        self.loss().backward()

    def alone(self) -> None:
        """Train one network after another."""
        for net, optimizer in zip(self.nets, self.own, strict=True):
            for _ in range(TRAIN_STEPS):
                loop.descend(cross_entropy(net(self.x.T), self.y), optimizer)

    def together(self) -> list[float]:
        """Train all of them side by side; return their last losses' sum."""
        losses = [loop.descend(self.loss(), self.all) for _ in range(TRAIN_STEPS)]
        return [float(losses[-1])]

    @torch.no_grad()
    def agree(self) -> None:
        """Check that fresh networks compute the same, stacked and alone."""
        fresh = [build_light(T2, net.code, 9) for net in self.nets]
        together = Stack(fresh)(self.x)
        for member, net in enumerate(fresh):
            torch.testing.assert_close(together[member].T, net(self.x.T), rtol=1e-4, atol=1e-4)

    @cached_property
    def pool(self) -> Pool:
        """Two workers that have imported, generated and built everything."""
        pool = multiprocessing.get_context("spawn").Pool(2)
        pool.map(train_batch, [0, 1], chunksize=1)
        return pool

    def one_process(self) -> list[list[float]]:
        """Train two stacks, one after the other."""
        return [self.together(), self.together()]

    def two_processes(self) -> list[list[float]]:
        """Train two stacks in two workers."""
        return self.pool.map(train_batch, [0, 1], chunksize=1)

    def processes_agree(self) -> None:
        """Check that a worker trains what this process does, to the bit."""
        with multiprocessing.get_context("spawn").Pool(1) as fresh:
            assert fresh.map(train_batch, [0]) == [Children().together()]


class Mixture:
    """All operations of T1 on every edge, weighted."""

    def __init__(self) -> None:
        self.net, self.x, self.y = shared(T1, TRAIN_BATCH)
        self.run = Shared(self.net)
        self.logits = torch.linspace(-1, 1, 24).view(6, 4).requires_grad_()

    def loop(self) -> None:
        """Forward and backward by the readable form."""
        cross_entropy(self.net(self.x, self.logits.softmax(1)), self.y).backward()

    def fast(self) -> None:
        """Forward and backward by the fast form."""
        cross_entropy(self.run(self.x, self.logits.softmax(1)), self.y).backward()

    def agree(self) -> None:
        """Check outputs and the gradients of the weights in the sum."""
        gradients = []
        for form in (self.net, self.run):
            loss = cross_entropy(form(self.x, self.logits.softmax(1)), self.y)
            gradients.append(torch.autograd.grad(loss, self.logits)[0])
        torch.testing.assert_close(*gradients, rtol=1e-3, atol=1e-5)


class Scores:
    """Paths without gradients: what deriving a cell does a hundred times."""

    def __init__(self) -> None:
        self.net, self.x, _ = shared(T2, SCORED_ROWS)
        self.run = Shared(self.net)

    @torch.no_grad()
    def loop(self) -> list[Tensor]:
        """Score every cell by the readable form."""
        return [self.net(self.x, code) for code in CELLS]

    @torch.no_grad()
    def fast(self) -> list[Tensor]:
        """Score every cell by the fast form."""
        return [self.run(self.x, code) for code in CELLS]

    def agree(self) -> None:
        """Check the logits."""
        for one, other in zip(self.loop(), self.fast(), strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def shared(space: EdgeSpace, rows: int) -> tuple[EdgeSupernet, Tensor, Tensor]:
    """Return a supernet and some training signals (rows, L) with their labels."""
    part = signals().train
    return build_supernet(space, 0), part.x[:, :rows].T.contiguous(), part.y[:rows]
