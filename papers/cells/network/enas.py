"""ENAS's final networks, as released: from a genotype (micro) and from a whole network (macro).

Pham et al. 2018, arXiv:1802.03268, Sec. 2.3, 2.4 and 3.2. What the release does otherwise than the
paper is kept, so that the numbers of weights are the release's: a cell's newer input passes one
more 1x1 convolution, factorized reductions have no ReLU, the linear layers have no bias, and the
macro network's separable operations are dense convolutions.

Shapes: N batch, C channels, H W space, K classes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from harness.paper import Refused
from papers.cells.network.darts import Combined, Drop, drop_path
from papers.cells.network.operations import (
    AVERAGE,
    MAX,
    FactorizedReduce,
    Place,
    build,
    convolution,
    depthwise,
    pool,
    relu_conv_norm,
)
from papers.cells.space.genotype import INPUTS, Genotype, NodeCell
from papers.cells.space.published import MACRO_OPS, Macro


@dataclass(frozen=True)
class MicroLayout:
    """What a micro network is built from; the defaults are the release's for CIFAR-10.

    `layers` does not count the two reductions. `auxiliary`: a second classifier after the cell
    that follows the last reduction, for training.
    """

    genotype: Genotype
    channels: int = 36
    layers: int = 15
    classes: int = 10
    auxiliary: bool = False

    def __post_init__(self) -> None:
        if self.layers < 3:
            raise Refused(f"layers={self.layers}: a micro network has at least 3 normal cells")

    @property
    def reductions(self) -> tuple[int, int]:
        """The numbers of the reduction cells, d and 2 d + 1 for d = layers // 3."""
        return self.layers // 3, 2 * (self.layers // 3) + 1


def resample(place: Place) -> nn.Module:
    """Return the identity, or at stride 2 a factorized reduction without ReLU."""
    return nn.Identity() if place.stride == 1 else FactorizedReduce(place, relu=False)


class MicroCell(Combined):
    """A cell between inputs that are calibrated: reduced where larger, projected where wider.

    `inputs` are the channels of both inputs; `halve`: the older one is twice as large. Drop path
    spares what is called identity, also where that is a factorized reduction.
    """

    def __init__(self, cell: NodeCell, place: Place, inputs: tuple[int, int], halve: bool) -> None:
        super().__init__(cell)
        flat = replace(place, stride=1)
        self.channels = place.channels * len(cell.concat)
        older, newer = (
            nn.Identity() if c == place.channels else relu_conv_norm(flat, 1, c) for c in inputs
        )
        self.older = FactorizedReduce(flat, inputs[0]) if halve else older
        self.newer = nn.Sequential(newer, relu_conv_norm(flat, 1))
        places = [place if j < INPUTS else flat for _, j in cell.pairs]
        self.operations = nn.ModuleList(
            resample(at) if op == "skip_connect" else build(op, at)
            for at, (op, _) in zip(places, cell.pairs, strict=True)
        )
        unused = [j for j in cell.concat if j < INPUTS]
        self.carried = nn.ModuleDict({str(j): resample(place) for j in unused})
        self.kept = [op == "skip_connect" for op, _ in cell.pairs]


class MicroAuxiliary(nn.Module):
    """The second classifier of the micro network; the release never trains it, this one is.

    The authors' map of 8 x 8 is pooled by 5 x 5 at stride 3; others adaptively to 2 x 2.
    """

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(channels, 128, 1, bias=False), nn.BatchNorm2d(128), nn.ReLU(),
            nn.ZeroPad2d((0, 1, 0, 1)),  # the release pads a 2 x 2 kernel to keep the size
            nn.Conv2d(128, 768, 2, bias=False), nn.BatchNorm2d(768), nn.ReLU(),
        )  # fmt: skip
        self.out = nn.Linear(768, classes, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to logits (N, K)."""
        x = x.relu()
        authors = x.shape[2:] == (8, 8)
        x = F.avg_pool2d(x, 5, 3) if authors else F.adaptive_avg_pool2d(x, 2)
        logits: Tensor = self.out(self.features(x).mean((2, 3)))
        return logits


class MicroNetwork(nn.Module):
    """The micro network of a layout.

    `drop_path` is the probability at the last cell; cell i of n has (i + 1) / n of it. The
    release's is 0.4, raised linearly over training. `dropout` is the head's.
    """

    def __init__(self, layout: MicroLayout) -> None:
        super().__init__()
        self.layout = layout
        self.drop_path = 0.0
        self.dropout = 0.0
        self.stream: torch.Generator | None = None
        wide = 3 * layout.channels
        self.stem = nn.Sequential(convolution(2, (3, wide), 3), nn.BatchNorm2d(wide))
        self.cells = nn.ModuleList()
        self.auxiliary: MicroAuxiliary | None = None
        place, inputs, halve = Place(layout.channels, dim=2), (wide, wide), False
        for number in range(layout.layers + 2):
            reduces = number in layout.reductions
            place = replace(place, channels=place.channels * (1 + reduces), stride=1 + reduces)
            kind = layout.genotype.cell("reduce" if reduces else "normal")
            cell = MicroCell(kind, place, inputs, halve)
            self.cells.append(cell)
            inputs, halve = (inputs[1], cell.channels), reduces
            if layout.auxiliary and number == layout.reductions[1] + 1:
                self.auxiliary = MicroAuxiliary(cell.channels, layout.classes)
        self.out = nn.Linear(inputs[1], layout.classes, bias=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Map (N, 3, H, W) to logits (N, K) and, while training, the second classifier's."""
        older = newer = self.stem(x)
        second = None
        for number, cell in enumerate(self.cells):
            older, newer = newer, cell(older, newer, self._drop(number))
            if self.training and self.auxiliary and number == self.layout.reductions[1] + 1:
                second = self.auxiliary(newer)
        h = newer.relu().mean((2, 3))
        logits: Tensor = self.out(F.dropout(h, self.dropout, self.training))
        return logits, second

    def _drop(self, number: int) -> Drop:
        probability = self.drop_path * (number + 1) / len(self.cells)
        if not self.training or not probability:
            return nn.Identity()
        return partial(drop_path, probability=probability, stream=self.stream)


class MacroNetwork(nn.Module):
    """The macro network of an architecture, `channels` wide, `widen` times more at a reduction.

    Layer l applies its operation to the layer before, and from layer 1 on a 1x1 convolution joins
    the result and the earlier tensors that its bits name. After layers L / 3 - 1 and 2 L / 3 - 1
    every tensor so far is reduced. `dense`: separable operations are dense convolutions, as in the
    release; otherwise depthwise and pointwise, as in the search, where `widen` is 1. The release
    has no pooling here.
    """

    def __init__(
        self,
        genotype: Macro,
        channels: int = 96,
        classes: int = 10,
        dense: bool = True,
        widen: int = 2,
    ) -> None:
        super().__init__()
        count = len(genotype.ops)
        if count < 3 or [len(bits) for bits in genotype.skips] != list(range(count)):
            raise Refused(
                f"{count} layers: layer l has l skip bits, and there are 3 layers or more"
            )
        self.skips = genotype.skips
        self.reductions = (count // 3 - 1, 2 * count // 3 - 1)
        self.dropout = 0.0
        place = Place(channels, dim=2)
        self.stem = nn.Sequential(convolution(2, (3, channels), 3), nn.BatchNorm2d(channels))
        self.layers, self.merges, self.halves = nn.ModuleList(), nn.ModuleList(), nn.ModuleDict()
        for number, (op, bits) in enumerate(zip(genotype.ops, genotype.skips, strict=True)):
            self.layers.append(branch(op, place, dense))
            width = (1 + sum(bits)) * place.channels
            self.merges.append(relu_conv_norm(place, 1, width) if number else nn.Identity())
            if number in self.reductions:
                before, place = place.channels, replace(place, channels=widen * place.channels)
                self.halves[str(number)] = nn.ModuleList(
                    FactorizedReduce(place, before, relu=False) for _ in range(number + 2)
                )
        self.out = nn.Linear(place.channels, classes, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 3, H, W) to logits (N, K)."""
        tensors = [self.stem(x)]
        for number, (layer, merge) in enumerate(zip(self.layers, self.merges, strict=True)):
            joined = [t for t, bit in zip(tensors, self.skips[number], strict=False) if bit]
            tensors.append(merge(torch.cat([*joined, layer(tensors[-1])], dim=1)))
            if number in self.reductions:
                halves = cast(nn.ModuleList, self.halves[str(number)])
                tensors = [half(t) for half, t in zip(halves, tensors, strict=True)]
        h = F.dropout(tensors[-1].mean((2, 3)), self.dropout, self.training)
        logits: Tensor = self.out(h)
        return logits


def branch(op: int, place: Place, dense: bool) -> nn.Module:
    """Return a macro layer's operation, by its number in `MACRO_OPS`, after a 1x1 convolution."""
    if not 0 <= op < len(MACRO_OPS):
        raise Refused(f"operation {op}: macro operations are 0 to {len(MACRO_OPS) - 1}")
    name, first = MACRO_OPS[op], relu_conv_norm(place, 1)
    if "pool" in name:
        return nn.Sequential(*first, nn.ReLU(), pool(place, MAX if "max" in name else AVERAGE))
    kernel = int(name[-1])
    separable = "sep" in name and not dense
    return nn.Sequential(
        *first, *(depthwise(place, kernel, 1) if separable else relu_conv_norm(place, kernel))
    )
