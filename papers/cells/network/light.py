"""The light 1-D network around an edge cell: the cell is the only source of receptive field.

A 1x1 stem, the cell on C channels at 40 positions, ReLU, pooling by two and a 1x1 convolution to
2C channels, the cell again at 20 positions, batch norm, ReLU, mean over positions, linear. Plain
modules, one network at a time: the readable form, and the oracle of
`papers.cells.network.fast.stack`.

Shapes: N batch, C channels, L positions, K classes.
"""

from __future__ import annotations

from torch import Tensor, nn

from harness.training import device
from papers.cells.network.operations import Place, build
from papers.cells.space.classes import Graph
from papers.cells.space.edge import KERNELS, Code, EdgeSpace

CHANNELS, POSITIONS, CLASSES = 8, 40, 10


class LightCell(nn.Module):
    """An edge cell: a module for every edge that has one; the output is the last node."""

    def __init__(self, space: EdgeSpace, code: Code, place: Place) -> None:
        super().__init__()
        self.edges = space.edges
        self.nodes = space.nodes
        self.names = space.names(code)
        operations = {
            str(edge): build(name, place) for edge, name in enumerate(self.names) if name != "none"
        }
        self.operations = nn.ModuleDict(operations)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, L) to (N, C, L); a node that nothing reaches is left out, not computed."""
        values: list[Tensor | None] = [x] + [None] * (self.nodes - 1)
        for edge, (source, target) in enumerate(self.edges):
            value = values[source]
            if self.names[edge] == "none" or value is None:
                continue
            arriving = self.operations[str(edge)](value)
            before = values[target]
            values[target] = arriving if before is None else before + arriving
        out = values[-1]
        return x.new_zeros(x.shape) if out is None else out


class Light(nn.Module):
    """The light network: 386 + 1008 per c3 edge + 1648 per c5 edge parameters at C=8."""

    def __init__(self, space: EdgeSpace, code: Code, channels: int = CHANNELS) -> None:
        super().__init__()
        wide = 2 * channels
        self.space, self.code = space, code
        self.stem = nn.Sequential(nn.Conv1d(1, channels, 1, bias=False), nn.BatchNorm1d(channels))
        self.first = LightCell(space, code, Place(channels))
        self.reduce = nn.Sequential(
            nn.ReLU(), nn.AvgPool1d(2), nn.Conv1d(channels, wide, 1, bias=False),
            nn.BatchNorm1d(wide),
        )  # fmt: skip
        self.second = LightCell(space, code, Place(wide))
        self.norm = nn.BatchNorm1d(wide)
        self.out = nn.Linear(wide, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Map signals (N, L) to logits (N, K)."""
        h = self.first(self.stem(x.unsqueeze(1)))
        h = self.second(self.reduce(h))
        logits: Tensor = self.out(self.norm(h).relu().mean(-1))
        return logits


def build_light(space: EdgeSpace, code: Code, seed: int, channels: int = CHANNELS) -> Light:
    """Return a light network with torch's default initial weights, drawn from an own stream."""
    with device.seeded(seed):
        return Light(space, code, channels)


def parameters(space: EdgeSpace, code: Code, channels: int = CHANNELS) -> int:
    """Return the number of weights, by formula: fixed parts, then every convolution's edges."""
    c, kernels = channels, [KERNELS[n] for n in space.names(code) if n in KERNELS]
    fixed = c + 2 * c + 2 * c * c + 4 * c + 4 * c + 2 * c * CLASSES + CLASSES
    return fixed + sum(5 * k * c * c + 6 * c for k in kernels)


def macs(space: EdgeSpace, code: Code, channels: int = CHANNELS) -> int:
    """Return the multiply-adds of convolutions and the linear layer for one signal.

    What does not reach the output is not computed, hence not counted.
    """
    c, graph = channels, Graph(space, code)
    kernels = [KERNELS[graph.names[place]] for place in graph.live]
    stem, narrow = c * POSITIONS, 2 * c * c * (POSITIONS // 2)
    head = 2 * c * CLASSES
    if graph.dead:
        return head
    cell = sum(k * (c * c * POSITIONS + 4 * c * c * (POSITIONS // 2)) for k in kernels)
    return stem + narrow + head + cell
