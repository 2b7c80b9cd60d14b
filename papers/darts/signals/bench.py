"""Whole steps of a search, alpha and w: the readable loop beside the fast supernet.

Both start from the same weights and see the same rows, in one run. The 2-D network is that of the
paper's search on CIFAR-10 (Sec. 3.1) with a batch of 16 in place of 64: the loop would need
minutes for a step of 64.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812
from torch.profiler import ProfilerActivity, profile

from harness.pair import Pair
from harness.training import device, metrics
from harness.trial import stream
from papers.cells.supernet.bilevel import Problem
from papers.cells.supernet.node import Design, Supernet
from papers.cells.supernet.node_fast import FastSupernet
from papers.cells.supernet.relaxation import Relaxation
from papers.darts.bilevel import Architect
from papers.darts.config import PASSES, Darts

SIGNALS = Design(channels=8, cells=3, dim=1, inputs=1)
IMAGES = Design()
WORK_KINDS = {  # a word of an operation's name -> what it is
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
    """A search on random rows, with the loop or the fast form."""

    design: Design
    batch: int
    size: tuple[int, ...]
    gradient: str
    fast: bool
    dtype: torch.dtype = torch.float32

    def __post_init__(self) -> None:
        with device.seeded(0):
            net = Supernet(self.design).to(self.dtype)
            x = torch.randn(2, self.batch, self.design.inputs, *self.size, dtype=self.dtype)
        y = torch.arange(self.batch) % self.design.classes
        cells = {name: self.design.operations(name == "reduce") for name in ("normal", "reduce")}
        self.relaxation = Relaxation(cells, 1e-3, stream(0, "alpha")).to(self.dtype)
        self.net = FastSupernet.of(net) if self.fast else net
        layout = torch.channels_last if self.fast and self.design.dim == 2 else None
        first, second = (part.contiguous(memory_format=layout) if layout else part for part in x)
        self.batches = ((first, y), (second, y))
        loss = partial(self.loss, self.net)
        weights = tuple(self.net.parameters())
        problem: Problem[tuple[Tensor, Tensor]] = Problem(
            weights, tuple(self.relaxation.parameters()), loss, loss
        )
        self.optimizers = Architect(problem, Darts(gradient=self.gradient))

    def loss(self, net: Supernet, batch: tuple[Tensor, Tensor]) -> Tensor:
        """Return the cross-entropy of a batch."""
        shares = (self.relaxation.weights("normal"), self.relaxation.weights("reduce"))
        return F.cross_entropy(net(batch[0], *shares), batch[1])

    def __call__(self) -> None:
        """Update alpha, then w."""
        self.optimizers.step(*self.batches, 0.001)

    def moved(self) -> list[Tensor]:
        """Take a step; return weights and alphas after it."""
        self()
        problem = self.optimizers.problem
        return [tensor.detach() for tensor in (*problem.alphas, *problem.weights)]

    def flops(self) -> float:
        """Return a step's work: three times the loop's forward pass for each pass of it."""
        with torch.no_grad():
            shares = (self.relaxation.weights("normal"), self.relaxation.weights("reduce"))
            net = Supernet(self.design)
            forward = metrics.flops(lambda: net(self.batches[0][0][:2], *shares)) / 2
        return 3 * PASSES[self.gradient] * forward * self.batch


def pair(name: str, design: Design, batch: int, size: tuple[int, ...], gradient: str) -> Pair:
    """Return loop and fast form of one kind of step."""
    loop, fast = (SearchStep(design, batch, size, gradient, which) for which in (False, True))

    def agree() -> None:
        short = tuple(min(length, 40 // len(size) ** 2) for length in size)
        small = [SearchStep(design, 4, short, gradient, w, torch.float64) for w in (False, True)]
        slow, quick = (step.moved() for step in small)
        for one, other in zip(slow, quick, strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=1e-8)

    words = gradient.replace("_", " ")
    text = f"{name}: a step of alpha and w, {words}"
    note = f"oracle: the loop{', NCHW' if design.dim == 2 else ''}; fast form: {where(fast)}"
    return Pair(text, loop, fast, agree, 2.5, flops=fast.flops(), note=note)


def where(step: SearchStep) -> str:
    """Return where a step's time goes, by kinds of operations, largest first."""
    step()
    with profile(activities=[ProfilerActivity.CPU]) as taken:
        step()
    spent: dict[str, float] = {}
    for event in taken.key_averages():
        kind = next(
            (k for word, k in WORK_KINDS.items() if word in event.key), "element-wise, other"
        )
        spent[kind] = spent.get(kind, 0.0) + event.self_cpu_time_total
    whole = sum(spent.values())
    ordered = sorted(spent.items(), key=lambda item: -item[1])[:LARGEST]
    return ", ".join(f"{kind} {100 * time / whole:.0f} %" for kind, time in ordered)


def pairs() -> list[Pair]:
    """Return steps of searches in one dimension and at the paper's size in two."""
    signals = ("1-D search, C=8, L=3, batch 100", SIGNALS, 100, (40,))
    return [
        pair(*signals, "first_order"),
        pair(*signals, "second_order"),
        pair("2-D search, C=16, L=8, 32x32, batch 16", IMAGES, 16, (32, 32), "first_order"),
    ]
