"""What a search of edge cells spends: steps of the shared weights, and drawing cells.

Oracles: every operation of an edge computed, one of them selected, as the release does; cells
drawn one after another. Both start from the same weights and see the same rows, in one run. Of
what is not selected decay and momentum go on in the oracle: its gradient is zero, not absent.

Shapes: N rows, C channels, L positions, K classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import torch
from torch import Tensor

from harness.pair import KEEP, Pair
from papers.cells.league.shared_weights import SharedWeights
from papers.cells.network import light
from papers.cells.rows import Part
from papers.cells.searcher.controller import EdgeController
from papers.cells.space.edge import T1, T2, Code, EdgeSpace
from papers.cells.supernet.edge import Chosen, SharedCell
from papers.enas.draws import drawing
from papers.enas.league.config import LeagueSearch

CONFIG = LeagueSearch()
PATHS, ROWS, LENGTH = 10, 1000, 40  # paths of a call, signals and their length


class EveryOperation(SharedCell):
    """A cell that computes all operations of an edge, and selects one."""

    def forward(self, x: Tensor, chosen: Sequence[Chosen]) -> Tensor:
        """Map (N, C, L) to (N, C, L)."""
        values: list[Tensor | None] = [x] + [None] * (self.nodes - 1)
        for step in chosen:
            value, before = values[step.source], values[step.target]
            if value is None:
                continue
            edge = {
                name: operation(value)
                for name, operation in self.operations.items()
                if name.startswith(f"{step.edge}_")
            }
            arriving = torch.stack(list(edge.values()))[[*edge].index(f"{step.edge}_{step.name}")]
            values[step.target] = arriving if before is None else before + arriving
        out = values[-1]
        return torch.zeros_like(x) if out is None else out


class Steps:
    """Whole steps of the shared weights along the same paths, on random signals."""

    def __init__(self, space: EdgeSpace, every: bool) -> None:
        stream, random = torch.Generator().manual_seed(0), Random(0)
        x = torch.randn(LENGTH, ROWS, generator=stream)
        part = Part(x, torch.randint(10, (ROWS,), generator=stream))
        self.paths = [space.random(random) for _ in range(PATHS)]
        self._path = self.paths[0]
        self.weights = SharedWeights(space, CONFIG, part, lambda name: 0, lambda: self._path)
        if every:
            for cell in (self.weights.supernet.first, self.weights.supernet.second):
                cell.__class__ = EveryOperation

    def __call__(self) -> None:
        """Take a step along each path."""
        for path in self.paths:
            self._path = path
            self.weights.step(CONFIG.lr)

    @torch.no_grad()
    def outputs(self) -> list[Tensor]:
        """Return the logits (N, K) of every path on the first rows, in float64."""
        net, x = self.weights.supernet.double(), self.weights.batches.part.x.T[:8].double()
        return [net(x, path) for path in self.paths]


def flops(space: EdgeSpace, paths: Sequence[Code]) -> float:
    """Return the work of a call: three forward passes of each path."""
    return 3.0 * 2 * CONFIG.batch * sum(light.macs(space, path) for path in paths)


def steps(space: EdgeSpace) -> Pair:
    """Return both ways to take a step."""
    slow, quick = Steps(space, True), Steps(space, False)

    def agree() -> None:
        both = (Steps(space, every).outputs() for every in (True, False))
        for one, other in zip(*both, strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=1e-9)

    name = f"{space.name}, batch {CONFIG.batch}: a step of the shared weights, a path or all"
    return Pair(name, slow, quick, agree, KEEP, units=PATHS, flops=flops(space, quick.paths))


def pairs() -> list[Pair]:
    """Return steps in both spaces, and drawing."""
    return [steps(T1), steps(T2), drawing("edge cells of T1", lambda: EdgeController(T1))]
