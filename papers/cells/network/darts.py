"""The networks in which cells are evaluated: DARTS's for CIFAR, ImageNet and 1-D signals.

Liu et al. 2019, arXiv:1806.09055, Sec. 3.2 and 3.3, after Zoph et al. 2017, arXiv:1707.07012. L
cells, of which numbers L // 3 and 2 L // 3 are reductions: half the size, twice the channels. Each
reads the two cells before it. Cells may have any number of nodes, read a state twice, and
concatenate their inputs.

Shapes: N batch, C channels, then L positions (dim=1) or H W space (dim=2); K classes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from harness.paper import Refused, require
from papers.cells.network.operations import (
    CONV,
    NORM,
    FactorizedReduce,
    Place,
    build,
    convolution,
    relu_conv_norm,
)
from papers.cells.space.genotype import INPUTS, Genotype, NodeCell

Drop = Callable[[Tensor], Tensor]
POOL = {1: F.avg_pool1d, 2: F.avg_pool2d}
ADAPTIVE = {1: F.adaptive_avg_pool1d, 2: F.adaptive_avg_pool2d}
STEMS = {"cifar": (8, 3), "imagenet": (7, 2)}  # the size that the second classifier pools, stride


@dataclass(frozen=True)
class Layout:
    """What a network is built from; the defaults are DARTS's for CIFAR-10 (Sec. 3.2).

    `inputs`: channels of an image or signal. `stem`: `cifar` keeps the size, `imagenet` divides it
    by eight. `auxiliary`: a second classifier after the last reduction, for training.
    """

    genotype: Genotype
    channels: int = 36
    layers: int = 20
    classes: int = 10
    inputs: int = 3
    dim: int = 2
    stem: str = "cifar"
    auxiliary: bool = False

    def __post_init__(self) -> None:
        require(self.stem, STEMS, "stem")
        require(str(self.dim), ("1", "2"), "number of dimensions")
        if self.layers < 3:
            raise Refused(f"layers={self.layers}: with fewer than 3 every cell is a reduction")

    @property
    def reductions(self) -> tuple[int, int]:
        """The numbers of the reduction cells."""
        return self.layers // 3, 2 * self.layers // 3


def imagenet(genotype: Genotype, channels: int = 48, auxiliary: bool = False) -> Layout:
    """Return DARTS's layout for ImageNet: 48 channels, 14 cells, 1000 classes (Sec. 3.3)."""
    return Layout(genotype, channels, 14, 1000, stem="imagenet", auxiliary=auxiliary)


def drop_path(x: Tensor, probability: float, stream: torch.Generator | None = None) -> Tensor:
    """Set whole samples of (N, ...) to zero and scale the others to keep the expectation.

    The mask is drawn from `stream`, or from torch's own; x itself is left as it is (Larsson et al.
    2016, arXiv:1605.07648, as in NASNet).
    """
    if not 0 <= probability < 1:
        raise Refused(f"drop path {probability}: a probability below 1")
    keep = 1 - probability
    mask = x.new_empty(x.shape[0], *(1 for _ in x.shape[1:])).bernoulli_(keep, generator=stream)
    return x * (mask / keep)


class Combined(nn.Module):
    """How a discrete cell combines its parts, whoever built them.

    `older` and `newer` prepare the inputs, `operations` has a module for each of the cell's pairs,
    `carried` one for each input that is concatenated; `kept` says which operations are never
    dropped.
    """

    older: nn.Module
    newer: nn.Module
    operations: nn.ModuleList
    carried: nn.ModuleDict
    kept: list[bool]

    def __init__(self, cell: NodeCell) -> None:
        super().__init__()
        self.pairs, self.concat = cell.pairs, cell.concat

    def forward(self, older: Tensor, newer: Tensor, drop: Drop) -> Tensor:
        """Map two outputs of cells to one, (N, len(concat) C, ...); half the size at stride 2."""
        states = [self.older(older), self.newer(newer)]
        arriving: list[Tensor] = []
        for operation, kept, (_, j) in zip(self.operations, self.kept, self.pairs, strict=True):
            value = operation(states[j])
            arriving.append(value if kept else drop(value))
            if len(arriving) == 2:
                states.append(arriving[0] + arriving[1])
                arriving = []
        outputs = [
            self.carried[str(j)](states[j]) if j < INPUTS else states[j] for j in self.concat
        ]
        return torch.cat(outputs, dim=1)


class Cell(Combined):
    """A discrete cell: preprocessing of both inputs, an operation for each pair, concatenation.

    `place` has the cell's channels and its stride; `inputs` are the channels of both inputs;
    `halve`: the older one is twice as large, because the cell before was a reduction.
    """

    def __init__(self, cell: NodeCell, place: Place, inputs: tuple[int, int], halve: bool) -> None:
        super().__init__(cell)
        flat = replace(place, stride=1)
        self.channels = place.channels * len(cell.concat)
        older, newer = inputs
        self.older = FactorizedReduce(flat, older) if halve else relu_conv_norm(flat, 1, older)
        self.newer = relu_conv_norm(flat, 1, newer)
        self.operations = nn.ModuleList(
            build(op, place if j < INPUTS else flat) for op, j in cell.pairs
        )
        self.kept = [isinstance(operation, nn.Identity) for operation in self.operations]
        carried = [j for j in cell.concat if j < INPUTS]  # inputs that are part of the output
        self.carried = nn.ModuleDict({str(j): build("skip", place) for j in carried})


class Auxiliary(nn.Module):
    """The second classifier: pooling to 2 (x 2), 1x1 to 128, 2 (x 2) to 768 channels, linear.

    On the authors' sizes (8 for CIFAR, 7 for ImageNet) pooling is over 5; other sizes are pooled
    adaptively. ImageNet's has no batch norm before the last layer, as the published number.
    """

    def __init__(self, layout: Layout, channels: int) -> None:
        super().__init__()
        conv, norm = CONV[layout.dim], NORM[layout.dim]
        self.dim = layout.dim
        self.size, self.stride = STEMS[layout.stem]
        last = [norm(768)] if layout.stem == "cifar" else []
        self.features = nn.Sequential(
            conv(channels, 128, 1, bias=False), norm(128), nn.ReLU(),
            conv(128, 768, 2, bias=False), *last, nn.ReLU(), nn.Flatten(),
        )  # fmt: skip
        self.out = nn.Linear(768, layout.classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, ...) to logits (N, K)."""
        x = x.relu()
        if set(x.shape[2:]) == {self.size}:
            x = POOL[self.dim](x, 5, self.stride)
        else:
            x = ADAPTIVE[self.dim](x, 2)
        logits: Tensor = self.out(self.features(x))
        return logits


class Stem(nn.Module):
    """The first convolution of small images and signals: 3 C channels, both inputs of a cell."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        wide = 3 * layout.channels
        self.channels = (wide, wide)
        self.features = nn.Sequential(
            convolution(layout.dim, (layout.inputs, wide), 3), NORM[layout.dim](wide)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map (N, inputs, ...) to two of (N, 3 C, ...)."""
        x = self.features(x)
        return x, x


class ImageNetStem(nn.Module):
    """Three convolutions of stride 2; the cells read the second and the third."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        c, dim, norm = layout.channels, layout.dim, NORM[layout.dim]
        self.channels = (c, c)
        self.first = nn.Sequential(
            convolution(dim, (layout.inputs, c // 2), 3, 2), norm(c // 2), nn.ReLU(),
            convolution(dim, (c // 2, c), 3, 2), norm(c),
        )  # fmt: skip
        self.second = nn.Sequential(nn.ReLU(), convolution(dim, (c, c), 3, 2), norm(c))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map (N, inputs, ...) to (N, C, .../4) and (N, C, .../8)."""
        older = self.first(x)
        return older, self.second(older)


class Network(nn.Module):
    """The evaluation network of a layout.

    `drop_path` is the probability with which the output of an edge that is no identity is dropped
    while training, drawn from `stream` where one is given; a recipe raises it as it goes.
    """

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self.layout = layout
        self.drop_path = 0.0
        self.stream: torch.Generator | None = None
        imagenet = layout.stem == "imagenet"
        self.stem: Stem | ImageNetStem = ImageNetStem(layout) if imagenet else Stem(layout)
        place, inputs, halve = Place(layout.channels, dim=layout.dim), self.stem.channels, imagenet
        self.cells = nn.ModuleList()
        self.auxiliary: Auxiliary | None = None
        for number in range(layout.layers):
            reduces = number in layout.reductions
            place = replace(place, channels=place.channels * (1 + reduces), stride=1 + reduces)
            kind = layout.genotype.cell("reduce" if reduces else "normal")
            cell = Cell(kind, place, inputs, halve)
            self.cells.append(cell)
            inputs, halve = (inputs[1], cell.channels), reduces
            if layout.auxiliary and number == layout.reductions[1]:
                self.auxiliary = Auxiliary(layout, cell.channels)
        self.out = nn.Linear(inputs[1], layout.classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Map (N, inputs, ...) to logits (N, K) and, while training, the second classifier's."""
        drop: Drop = nn.Identity()
        if self.training and self.drop_path:
            drop = partial(drop_path, probability=self.drop_path, stream=self.stream)
        older, newer = self.stem(x)
        second = None
        for number, cell in enumerate(self.cells):
            older, newer = newer, cell(older, newer, drop)
            if self.training and self.auxiliary and number == self.layout.reductions[1]:
                second = self.auxiliary(newer)
        logits: Tensor = self.out(newer.flatten(2).mean(-1))
        return logits, second
