"""What the micro search spends: steps of paths, and drawing architectures.

Oracles: every operation of a pair computed, one of them selected, as the release does; torch's
layers with the batch first; architectures drawn one after another. On images a rival computes
every operation in channels_last. All start from the same weights and do the same work, in one run.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from harness.pair import KEEP, Pair, Rival
from harness.training import device
from papers.cells.network.counting import multiply_adds
from papers.cells.searcher.controller import MicroController
from papers.cells.space.genotype import Genotype
from papers.cells.space.node import ENAS
from papers.enas.arrangement import Arrangement, BatchFirst
from papers.enas.draws import drawing
from papers.enas.micro import Design, MicroSupernet, SharedCell

SIGNALS = Design(channels=8, cells=3, dim=1, inputs=1)
IMAGES = Design(channels=20, cells=8)
PATHS = 4  # of a call


class EveryOperation(SharedCell):
    """A cell that computes all operations of each pair on its state, and selects one."""

    def arrive(self, number: int, op: str, state: int, x: Tensor, lies: Arrangement) -> Tensor:
        """Return what a pair adds to its node."""
        every = [lies.run(self.operation(number, name, state), x) for name in ENAS.ops]
        return torch.stack(every)[ENAS.ops.index(op)]


@dataclass
class Steps:
    """Forward and backward passes along the same paths on random rows, in one of the forms."""

    design: Design
    batch: int
    size: tuple[int, ...]
    form: str  # "path", "every" operation, the same in "channels_last", or batch "first"
    dtype: torch.dtype = torch.float32

    def __post_init__(self) -> None:
        with device.seeded(0):
            self.net = MicroSupernet(self.design).to(self.dtype)
            self.x = torch.randn(self.batch, self.design.inputs, *self.size, dtype=self.dtype)
        self.y = torch.arange(self.batch) % self.design.classes
        if self.form == "first":
            self.net.lies = BatchFirst()
        if self.form in ("every", "channels_last"):
            for cell in self.net.cells:
                cell.__class__ = EveryOperation
        if self.form == "channels_last":
            self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if self.form == "channels_last" or (self.form == "path" and self.design.dim == 2):
            # a path reads rows as a search on images gives them; its weights stay as they are
            self.x = self.x.contiguous(memory_format=torch.channels_last)
        stream = Random(0)
        self.paths: list[Genotype] = [ENAS.random(stream) for _ in range(PATHS)]

    def __call__(self) -> None:
        """Run every path once."""
        for path in self.paths:
            self.net.zero_grad()
            F.cross_entropy(self.net(self.x, path), self.y).backward()

    def outputs(self) -> list[Tensor]:
        """Return the logits of every path."""
        with torch.no_grad():
            return [self.net(self.x, path) for path in self.paths]

    def flops(self) -> float:
        """Return the work of a call: three forward passes of each path's own network."""
        total = 0
        for path in self.paths:
            child = self.net.child(path)
            with torch.no_grad():
                total += multiply_adds(child, lambda child=child: child(self.x[:2])) // 2  # type: ignore[misc]
        return 3 * 2 * total * self.batch


def steps(name: str, design: Design, batch: int, size: tuple[int, ...], oracle: str) -> Pair:
    """Return an oracle and the path alone, and on images all operations in channels_last."""
    forms = (oracle, "path", *(("channels_last",) if design.dim == 2 else ()))
    slow, quick, *last = (Steps(design, batch, size, form) for form in forms)

    def agree() -> None:
        every = (Steps(design, 4, size, form, torch.float64) for form in forms)
        first, *others = (each.outputs() for each in every)
        for other in others:
            for mine, theirs in zip(first, other, strict=True):
                torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-9)

    rival = Rival("all operations, channels_last", last[0]) if last else None
    return Pair(name, slow, quick, agree, KEEP, units=PATHS, flops=quick.flops(), rival=rival)


def pairs() -> list[Pair]:
    """Return steps on signals and at the authors' size on images, and drawing."""
    signals = (SIGNALS, 64, (40,))
    return [
        steps("micro, 1-D, C=8, L=3, batch 64: a path or all operations", *signals, "every"),
        steps("micro, 1-D, C=8, L=3, batch 64: batch last or first", *signals, "first"),
        steps("micro, 2-D, C=20, L=8, 32x32, batch 4: a path or all operations", IMAGES, 4,
              (32, 32), "every"),
        drawing("pairs of cells", MicroController),
    ]  # fmt: skip
