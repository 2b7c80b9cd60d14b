"""The macro network around a pair of cells, as the authors' code builds it for its estimates.

A 3x3 stem to three times the width; N normal cells, a reduction, N, a reduction, N; leaky ReLU,
mean over all places, a linear layer. Operations are leaky ReLU, convolution without bias, batch
norm. What apart from that tells it from NASNet's and ENAS's networks: an input is calibrated only
where its width or size differs, identities of stride 2 are factorized reductions without ReLU,
and pools over 2 x 2 read zeros beyond the right and the lower edge.

Shapes: N batch, C channels, H W space, K classes.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from harness.paper import require
from papers.cells.network.darts import Combined
from papers.cells.network.operations import (
    AVERAGE,
    MAX,
    FactorizedReduce,
    Place,
    convolution,
    pool,
)
from papers.cells.space.genotype import INPUTS, Genotype, NodeCell
from papers.gtn.cifar.norm import Memory, Remembering
from papers.gtn.cifar.space import OPS
from papers.gtn.layers import SLOPE

POOLS = {"max": MAX, "avg": AVERAGE}


def operation(name: str, place: Place) -> nn.Module:
    """Return an operation at its place.

    Raises:
        Refused: no such operation in this space.
    """
    kind, *rest = require(name, OPS, "operation of the macro space").split("_")
    if kind == "skip":
        return resample(place)
    if kind in POOLS:
        kernel = int(rest[-1][0])
        return corner(place, kind) if kernel == 2 else pool(place, POOLS[kind], kernel)
    if len(rest) == 2:
        return stretched(place, int(rest[0][0]))
    return bent(place, convolution(2, (place.channels,) * 2, int(rest[0][0]), place.stride))


def resample(place: Place) -> nn.Module:
    """Return the identity; at stride 2 a factorized reduction."""
    return nn.Identity() if place.stride == 1 else FactorizedReduce(place, relu=False)


def corner(place: Place, kind: str) -> nn.Module:
    """Return a pool over 2 x 2: a place, what is right of it and below; zeros beyond the edge."""
    return nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), POOLS[kind][2](2, stride=place.stride))


def bent(place: Place, conv: nn.Module) -> nn.Sequential:
    """Return leaky ReLU, a convolution to the place's channels, batch norm."""
    return nn.Sequential(nn.LeakyReLU(SLOPE), conv, place.norm())


def stretched(place: Place, kernel: int) -> nn.Sequential:
    """Return 1 x k and k x 1 convolutions, each bent and normalised, each strided on one axis."""
    both, reach, s = (place.channels,) * 2, kernel // 2, place.stride
    make = partial(nn.Conv2d, *both, bias=False)
    wide = make((1, kernel), stride=(1, s), padding=(0, reach))
    high = make((kernel, 1), stride=(s, 1), padding=(reach, 0))
    return nn.Sequential(*bent(place, wide), *bent(place, high))


class MacroCell(Combined):
    """A cell between inputs that are calibrated; `halve`: the older one is twice as large."""

    def __init__(self, cell: NodeCell, place: Place, inputs: tuple[int, int], halve: bool) -> None:
        super().__init__(cell)
        flat = replace(place, stride=1)
        self.channels = place.channels * len(cell.concat)
        older, newer = (self._calibrated(flat, channels) for channels in inputs)
        self.older = FactorizedReduce(flat, inputs[0], relu=False) if halve else older
        self.newer = newer
        self.operations = nn.ModuleList(
            operation(op, place if j < INPUTS else flat) for op, j in cell.pairs
        )
        self.kept = [True] * len(cell.pairs)
        unused = [j for j in cell.concat if j < INPUTS]
        self.carried = nn.ModuleDict({str(j): resample(place) for j in unused})

    @staticmethod
    def _calibrated(place: Place, channels: int) -> nn.Module:
        if channels == place.channels:
            return nn.Identity()
        return bent(place, convolution(2, (channels, place.channels), 1))


class MacroNetwork(nn.Module):
    """The network of a genotype: `cells` normal ones in each of three stacks.

    `drop_path` and `stream` are there for whoever trains cells; nothing is dropped here.
    """

    auxiliary = None

    def __init__(
        self, genotype: Genotype, channels: int = 32, cells: int = 3, classes: int = 10
    ) -> None:
        super().__init__()
        self.memory = Memory()
        self.drop_path = 0.0
        self.stream: torch.Generator | None = None
        wide = 3 * channels
        place: Place = Remembering(channels, memory=self.memory)
        self.stem = nn.Sequential(convolution(2, (3, wide), 3), place.norm(wide))
        self.cells = nn.ModuleList()
        inputs, halve = (wide, wide), False
        for number in range(3 * cells + 2):
            reduces = number in (cells, 2 * cells + 1)
            place = replace(place, channels=place.channels * (1 + reduces), stride=1 + reduces)
            kind = genotype.cell("reduce" if reduces else "normal")
            cell = MacroCell(kind, place, inputs, halve)
            self.cells.append(cell)
            inputs, halve = (inputs[1], cell.channels), reduces
        self.out = nn.Linear(inputs[1], classes)

    def forward(self, x: Tensor) -> tuple[Tensor, None]:
        """Map (N, 3, H, W) to logits (N, K), and nothing: there is no second classifier."""
        older = newer = self.stem(x)
        for cell in self.cells:
            older, newer = newer, cell(older, newer, nn.Identity())
        logits: Tensor = self.out(F.leaky_relu(newer, SLOPE).mean((2, 3)))
        return logits, None
