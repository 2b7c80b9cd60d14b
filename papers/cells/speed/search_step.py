"""Whole steps of gradient searches, alpha and w, on random rows: in each form of the supernet.

All forms of a step start from the same weights and see the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812
from torch.profiler import ProfilerActivity, profile

from harness.paper import require
from harness.training import device, metrics
from harness.trial import stream
from papers.cells.network.light import POSITIONS
from papers.cells.rows import Batch
from papers.cells.space.edge import EdgeSpace
from papers.cells.supernet.bilevel import Optimizers, Problem
from papers.cells.supernet.edge import Shared, build_supernet
from papers.cells.supernet.method import Method
from papers.cells.supernet.node import Design, Supernet
from papers.cells.supernet.node_fast import quickest
from papers.cells.supernet.relaxation import Relaxation

CLASSES = 10
RATE, SCALE = 0.001, 1e-3  # of w; of alpha's first values
LOOP, CHANNELS_LAST, FAST = FORMS = ("loop", "channels_last", "fast")
RIVAL = "the loop, channels_last"
KINDS = {  # a word of an operation's name -> what it is
    "convolution": "convolutions",
    "mm": "matrix products",
    "batch_norm": "batch norms",
    "pool": "pooling",
    "copy": "copies",
    "cat": "copies",
}
LARGEST = 4  # kinds that a note names


@dataclass
class SearchStep:
    """A step of a search, again and again on the same two batches."""

    optimizers: Optimizers[Batch]
    batches: tuple[Batch, Batch]

    def __call__(self) -> None:
        """Update alpha and w."""
        self.optimizers.step(*self.batches, RATE)

    def moved(self) -> list[Tensor]:
        """Take a step; return alphas and weights after it."""
        self()
        problem = self.optimizers.problem
        return [tensor.detach() for tensor in (*problem.alphas, *problem.weights)]


def agree(steps: Sequence[SearchStep]) -> None:
    """Refuse forms of a step, in float64, that end elsewhere than the first one."""
    first, *others = (step.moved() for step in steps)
    for moved in others:
        for one, other in zip(first, moved, strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=1e-8)


def forms(dim: int) -> tuple[str, ...]:
    """Return the forms that there are: channels can come last where there is a width."""
    return FORMS if dim == 2 else (LOOP, FAST)


def arranged(loop: Supernet, x: Tensor, form: str) -> tuple[Supernet, Tensor]:
    """Return a network in one of the forms, and rows as it takes them; weights may move.

    In channels_last the rows and the loop's weights are; rows alone before the fast form, as in a
    search on images. As there, few images go through the loop in channels_last, which is faster.
    """
    require(form, forms(loop.design.dim), "form")
    last = form != LOOP and loop.design.dim == 2
    rows = x.contiguous(memory_format=torch.channels_last) if last else x
    if form == FAST:
        return quickest(loop, len(rows)), rows
    if last:
        loop.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return loop, rows


def node_step(
    design: Design,
    batch: int,
    size: tuple[int, ...],
    method: Method,
    form: str,
    dtype: torch.dtype = torch.float32,
    where: str = "cpu",
) -> SearchStep:
    """Return a step on DARTS's space, of `batch` rows of a size, in one of the forms."""
    with device.seeded(0):
        loop = Supernet(design).to(where, dtype)
        x = torch.randn(2, batch, design.inputs, *size, dtype=dtype).to(where)
    net, first = arranged(loop, x[0], form)
    _, second = arranged(loop, x[1], form)
    cells = {name: design.operations(name == "reduce") for name in ("normal", "reduce")}
    relaxation = Relaxation(cells, SCALE, stream(0, "alpha")).to(where, dtype)

    def loss(rows: Batch) -> Tensor:
        normal, reduce = (method.choose(relaxation, name) for name in ("normal", "reduce"))
        return F.cross_entropy(net(rows[0], normal, reduce, method.hard), rows[1])

    problem = Problem(tuple(net.parameters()), tuple(relaxation.parameters()), loss, loss)
    y = torch.arange(batch, device=where) % design.classes
    return SearchStep(method.train(problem), ((first, y), (second, y)))


def edge_step(
    space: EdgeSpace, batch: int, method: Method, form: str, dtype: torch.dtype = torch.float32
) -> SearchStep:
    """Return a step on a space of the league, of `batch` signals, by the loop or the fast form."""
    require(form, forms(1), "form")
    loop = build_supernet(space, 0).to(dtype)
    net = Shared(loop) if form == FAST else loop
    with device.seeded(0):
        x = torch.randn(2, batch, POSITIONS, dtype=dtype)
    edges = (space.ops,) * len(space.edges)
    relaxation = Relaxation({"cell": edges}, SCALE, stream(0, "alpha")).to(dtype)

    def loss(rows: Batch) -> Tensor:
        return F.cross_entropy(
            net(rows[0], method.choose(relaxation, "cell"), method.hard), rows[1]
        )

    problem = Problem(tuple(loop.parameters()), tuple(relaxation.parameters()), loss, loss)
    y = torch.arange(batch) % CLASSES
    return SearchStep(method.train(problem), ((x[0], y), (x[1], y)))


def whole_flops(design: Design, batch: int, size: tuple[int, ...], passes: int) -> float:
    """Return a step's work: three times the loop's forward, all operations, for each pass."""
    return 3 * passes * batch * _forward_flops(design, size)


@lru_cache
@torch.no_grad()
def _forward_flops(design: Design, size: tuple[int, ...]) -> float:
    net, rows = Supernet(design), torch.zeros(2, design.inputs, *size)
    even = [
        torch.ones(len(design.edges), len(design.operations(reduction)[0]))
        for reduction in (False, True)
    ]
    return metrics.flops(lambda: net(rows, *even)) / len(rows)


def where(step: SearchStep) -> str:
    """Return where a step's time goes, by kinds of operations, largest first."""
    step()
    with profile(activities=[ProfilerActivity.CPU]) as taken:
        step()
    spent: dict[str, float] = {}
    for event in taken.key_averages():
        kind = next((k for word, k in KINDS.items() if word in event.key), "element-wise, other")
        spent[kind] = spent.get(kind, 0.0) + event.self_cpu_time_total
    whole = sum(spent.values())
    ordered = sorted(spent.items(), key=lambda item: -item[1])[:LARGEST]
    return ", ".join(f"{kind} {100 * time / whole:.0f} %" for kind, time in ordered)
