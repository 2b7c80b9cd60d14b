"""The pair that the bench times for sampled recurrent cells: a pass through the search cell."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from harness.pair import KEEP, Pair
from papers.gdas.recurrent.cell import SampledCell
from papers.gdas.recurrent.cell_fast import FastSampledCell
from papers.gdas.sampler import gumbel, straight_through
from papers.text.cell import OPERATIONS, CellMasks, offset

TAU = 5.0  # the middle of a search


@dataclass
class SampledRace:
    """Both forms of a search cell with the same weights, on one window and one sample."""

    nodes: int
    width: int
    batch: int
    steps: int

    def __post_init__(self) -> None:
        drawn = torch.Generator().manual_seed(0)
        self.slow = SampledCell(self.nodes, self.width)
        self.fast = FastSampledCell(self.nodes, self.width)
        with torch.no_grad():
            for parameter in self.slow.parameters():
                parameter.uniform_(-0.2, 0.2, generator=drawn)
        self.fast.load_state_dict(self.slow.state_dict())
        size = (self.batch, self.width)
        self.x = torch.randn(self.steps, *size, generator=drawn)
        self.kept = [(torch.rand(size, generator=drawn) > 0.25) / 0.75 for _ in range(2)]
        edges = (offset(self.nodes + 1), len(OPERATIONS))
        self.alpha = torch.randn(edges, generator=drawn).requires_grad_()
        self.noise = gumbel(torch.Size(edges), drawn)

    def outcome(self, cell: SampledCell) -> tuple[Tensor, ...]:
        """Return the states, and the gradients of alpha and of the weights, in their precision."""
        kind = cell.root.dtype
        x, masks = self.x.to(kind), CellMasks(*(mask.to(kind) for mask in self.kept))
        logs = self.alpha.to(kind).log_softmax(1)
        sample = straight_through(logs, self.noise.to(kind), TAU)
        states: Tensor = cell(x, torch.zeros_like(x[0]), masks, sample, True)
        loss = states.square().mean()
        return states, *torch.autograd.grad(loss, (self.alpha, *cell.parameters()))

    def agree(self) -> None:
        """Check in float64 that both have the same states and gradients."""
        ours, theirs = (self.outcome(cell.double()) for cell in (self.fast, self.slow))
        for one, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10, check_dtype=False)
        self.fast.float()
        self.slow.float()


def pairs() -> list[Pair]:
    """Return the sampled cell edge by edge, and grouped by the node that is reached."""
    return [sampled(4, 32), sampled(8, 64)]


def sampled(nodes: int, width: int) -> Pair:
    """Return the pair of one size, forward and backward, 32 streams of 10 words."""
    race = SampledRace(nodes, width, 32, 10)
    return Pair(
        f"sampled recurrent cell, {nodes} nodes of {width}, per time step",
        lambda: race.outcome(race.slow),
        lambda: race.outcome(race.fast),
        race.agree,
        KEEP,
        units=race.steps,
        note="oracle: edge by edge, the drawn activation alone",
    )
