"""The league's network with a cell repeated N times before and N times after its reduction.

`Deep` is the readable form, one network of plain modules, and `DeepStack` many of them at once, as
`papers.cells.network.light` and its fast form are, which they become with N = 1.

Shapes: N batch, C channels, L positions, K classes, E members.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from harness.training import device
from papers.cells.network.fast.stack import Stack, StackedCell
from papers.cells.network.light import CHANNELS, Light, LightCell
from papers.cells.network.operations import Place
from papers.cells.space.classes import Graph
from papers.cells.space.edge import Code, EdgeSpace


class Deep(Light):
    """A light network with more cells of the same code."""

    def __init__(
        self, space: EdgeSpace, code: Code, channels: int = CHANNELS, repeats: int = 1
    ) -> None:
        super().__init__(space, code, channels)
        self.more_first, self.more_second = (
            nn.ModuleList(LightCell(space, code, Place(width)) for _ in range(repeats - 1))
            for width in (channels, 2 * channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map signals (N, L) to logits (N, K)."""
        h = self.first(self.stem(x.unsqueeze(1)))
        for cell in self.more_first:
            h = cell(h)
        h = self.second(self.reduce(h))
        for cell in self.more_second:
            h = cell(h)
        logits: Tensor = self.out(self.norm(h).relu().mean(-1))
        return logits


class DeepStack(Stack):
    """E deep networks side by side; their weights are copied."""

    def __init__(self, networks: Sequence[Deep]) -> None:
        super().__init__(networks)
        graphs = [Graph(network.space, network.code) for network in networks]
        self.more_first, self.more_second = (
            nn.ModuleList(StackedCell(cells, graphs) for cells in zip(*more, strict=True))
            for more in (
                [list(network.more_first) for network in networks],
                [list(network.more_second) for network in networks],
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map signals (E, L, N) or (L, N), shared, to logits (E, K, N)."""
        x = x if x.dim() == 3 else x.expand(len(self.weight), *x.shape)
        h = self.first(self.stem_norm(self.stem[..., None] * x[:, None]))
        for cell in self.more_first:
            h = cell(h)
        h = h.relu()
        h = (h[:, :, 0::2] + h[:, :, 1::2]) / 2
        wide = torch.bmm(self.reduce, h.flatten(2)).unflatten(2, h.shape[2:])
        h = self.second(self.reduce_norm(wide))
        for cell in self.more_second:
            h = cell(h)
        pooled = self.norm(h).relu().mean(2)
        return torch.baddbmm(self.bias, self.weight, pooled)


def build(space: EdgeSpace, code: Code, seed: int, channels: int, repeats: int) -> Deep:
    """Return a network with torch's default initial weights, drawn from an own stream."""
    with device.seeded(seed):
        return Deep(space, code, channels, repeats)
