"""The evaluation network of NASNet, and of AmoebaNet: for CIFAR, ImageNet and 1-D signals.

Zoph et al. 2017, arXiv:1707.07012, Sec. 3 and App. A, as the authors' code builds it (TF-slim),
and Real et al. 2018, arXiv:1802.01548, Sec. 3, as in the code for TPUs. Normal cells stand in
three stacks of equal size, a reduction before the second and before the third. What sets it apart
from DARTS's network: an identity that has to halve the size is a strided 1x1 convolution; an older
input of the right size and width is read as it is; the first cell reads the stem as it is; ReLU
before the last pooling. On ImageNet two reductions at a quarter and a half of the width are the
stem.

`bottlenecks`: as for TPUs, dense convolutions stand between a 1x1 to a quarter of the channels and
one back.

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
from papers.cells.network import darts
from papers.cells.network.darts import Auxiliary, Combined, Drop, drop_path
from papers.cells.network.operations import (
    AVERAGE,
    CONV,
    MAX,
    NORM,
    FactorizedReduce,
    Place,
    convolution,
    pool,
    relu_conv_norm,
)
from papers.cells.space.genotype import INPUTS, Genotype, NodeCell

STEMS = ("cifar", "imagenet")
SEPARABLE = {  # kernel and dilation of both depthwise convolutions
    "sep_conv_3x3": (3, 1),
    "sep_conv_5x5": (5, 1),
    "sep_conv_7x7": (7, 1),
    "dil_sep_conv_3x3": (3, 2),
    "dil_sep_conv_5x5": (5, 1),  # as coded for TPUs: the dilation of its name is left out
}
POOLS = {
    "avg_pool_3x3": (AVERAGE, 3),
    "max_pool_2x2": (MAX, 2),
    "max_pool_3x3": (MAX, 3),
    "max_pool_5x5": (MAX, 5),
    "max_pool_7x7": (MAX, 7),
}


@dataclass(frozen=True)
class Layout:
    """What a network is built from; the defaults are the authors' for CIFAR-10.

    `cells` are the normal ones. `stem_channels`: 0 stands for three times `channels`; in the
    mobile setting it is 32. `auxiliary`: a second classifier before the last reduction, for
    training.
    """

    genotype: Genotype
    channels: int = 32
    cells: int = 18
    classes: int = 10
    inputs: int = 3
    dim: int = 2
    stem: str = "cifar"
    stem_channels: int = 0
    bottlenecks: bool = False
    auxiliary: bool = False

    def __post_init__(self) -> None:
        require(self.stem, STEMS, "stem")
        if self.cells < 3:
            raise Refused(f"cells={self.cells}: each of three stacks has at least one normal cell")

    @property
    def reductions(self) -> tuple[int, int]:
        """The numbers of the normal cells that a reduction comes before."""
        return self.cells // 3, 2 * self.cells // 3

    @property
    def second(self) -> darts.Layout:
        """What the second classifier reads of a layout."""
        return darts.Layout(self.genotype, classes=self.classes, dim=self.dim, stem=self.stem)


def mobile(genotype: Genotype, channels: int = 44, cells: int = 12, **more: bool) -> Layout:
    """Return the layout for ImageNet's mobile setting: NASNet-A (4 @ 1056)."""
    return Layout(genotype, channels, cells, 1000, stem="imagenet", stem_channels=32, **more)


# -- operations -----------------------------------------------------------------------------------


def operation(name: str, place: Place, inputs: int, bottlenecks: bool = False) -> nn.Module:
    """Return an operation from `inputs` channels to those of its place.

    Raises:
        Refused: no such operation here.
    """
    if name in SEPARABLE:
        return separable(place, *SEPARABLE[name], inputs)
    if name in POOLS:
        return pooled(place, *POOLS[name], inputs)
    if name == "skip_connect" and (place.stride, inputs) == (1, place.channels):
        return nn.Identity()
    if name in ("skip_connect", "conv_1x1"):
        return relu_conv_norm(place, 1, inputs)
    if name == "dil_conv_3x3" and not bottlenecks:
        return depthwise(place, 3, inputs, 2)
    return (bottleneck if bottlenecks else whole)(name, place, inputs)


def separable(place: Place, kernel: int, dilation: int, inputs: int) -> nn.Sequential:
    """Return the depthwise block twice; the first takes the stride."""
    first = depthwise(place, kernel, inputs, dilation)
    second = depthwise(replace(place, stride=1), kernel, None, dilation)
    return nn.Sequential(*first, *second)


def depthwise(
    place: Place, kernel: int, inputs: int | None = None, dilation: int = 1
) -> nn.Sequential:
    """Return ReLU, depthwise and pointwise convolution, batch norm."""
    wide = inputs or place.channels
    spatial = convolution(
        place.dim, (wide, wide), kernel, place.stride, dilation=dilation, groups=wide
    )
    mixing = convolution(place.dim, (wide, place.channels), 1)
    return nn.Sequential(nn.ReLU(), spatial, mixing, place.norm())


def pooled(place: Place, kind: dict[int, type[nn.Module]], kernel: int, inputs: int) -> nn.Module:
    """Return pooling; where the width differs, a 1x1 convolution and a batch norm after it."""
    pooling = Corner(place) if kernel % 2 == 0 else pool(place, kind, kernel)
    if inputs == place.channels:
        return pooling
    mixing = convolution(place.dim, (inputs, place.channels), 1)
    return nn.Sequential(pooling, mixing, place.norm())


class Corner(nn.Module):
    """The largest of 2 (x 2) values: a position, and what comes after it."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.pooling = MAX[place.dim](2, stride=place.stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, L) to (N, C, ceil(L / stride)), or (N, C, H, W) likewise."""
        x = F.pad(x, [0, 1] * (x.dim() - 2), value=float("-inf"))
        pooled: Tensor = self.pooling(x)
        return pooled


def stretched(place: Place, kernel: int, inputs: int) -> nn.Sequential:
    """Return a 1 x k and a k x 1 convolution, batch norm and ReLU between them."""
    if place.dim != 2:
        raise Refused(f"conv_{kernel}x1_1x{kernel}: exists in two dimensions only")
    c, reach, s = place.channels, kernel // 2, place.stride
    wide = nn.Conv2d(inputs, c, (1, kernel), stride=(1, s), padding=(0, reach), bias=False)
    high = nn.Conv2d(c, c, (kernel, 1), stride=(s, 1), padding=(reach, 0), bias=False)
    return nn.Sequential(wide, place.norm(), nn.ReLU(), high)


def plain(place: Place, inputs: int, dilation: int = 1) -> nn.Module:
    """Return a dense convolution over three positions."""
    return convolution(place.dim, (inputs, place.channels), 3, place.stride, dilation=dilation)


Make = Callable[[Place, int], nn.Module]  # from so many channels to those of a place
DENSE: dict[str, Make] = {
    "conv_3x3": plain,
    "conv_3x1_1x3": lambda place, inputs: stretched(place, 3, inputs),
    "conv_7x1_1x7": lambda place, inputs: stretched(place, 7, inputs),
}


def whole(name: str, place: Place, inputs: int) -> nn.Sequential:
    """Return ReLU, a dense convolution on all channels, batch norm."""
    dense = DENSE[require(name, DENSE, "operation of NASNet's network")]
    return nn.Sequential(nn.ReLU(), dense(place, inputs), place.norm())


NARROW = {"conv_3x1_1x3": 3 / 8}  # of the channels, in a bottleneck; others have a quarter


def bottleneck(name: str, place: Place, inputs: int) -> nn.Sequential:
    """Return a dense convolution on a part of the channels, between two 1x1 convolutions.

    A dilated convolution is a dense one here.
    """
    inner: dict[str, Make] = {**DENSE, "dil_conv_3x3": partial(plain, dilation=2)}
    require(name, inner, "operation with a bottleneck")
    few = max(1, int(place.channels * NARROW.get(name, 1 / 4)))
    narrow = replace(place, channels=few)
    before = relu_conv_norm(replace(narrow, stride=1), 1, inputs)
    after = relu_conv_norm(replace(place, stride=1), 1, few)
    return nn.Sequential(*before, nn.ReLU(), inner[name](narrow, few), narrow.norm(), *after)


# -- cells and networks ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Arriving:
    """The channels of a cell's older and newer input; `halve`: the older one is twice as large.

    `first`: nothing came before the newer input, so that it is the older one, too, as it is.
    """

    older: int
    newer: int
    halve: bool = False
    first: bool = False


class Cell(Combined):
    """A cell that reads its older input as it is, where size and width allow it."""

    def __init__(
        self, cell: NodeCell, place: Place, arriving: Arriving, bottlenecks: bool
    ) -> None:
        super().__init__(cell)
        flat = replace(place, stride=1)
        self.channels = place.channels * len(cell.concat)
        wide = arriving.older if arriving.first else place.channels  # of the older input, prepared
        if arriving.halve:
            self.older: nn.Module = FactorizedReduce(flat, arriving.older)
        elif arriving.older == wide:
            self.older = nn.Identity()
        else:
            self.older = relu_conv_norm(flat, 1, arriving.older)
        self.newer = relu_conv_norm(flat, 1, arriving.newer)
        widths = [wide if j == 0 else place.channels for _, j in cell.pairs]
        places = [place if j < INPUTS else flat for _, j in cell.pairs]
        self.operations = nn.ModuleList(
            operation(op, at, width, bottlenecks)
            for (op, _), at, width in zip(cell.pairs, places, widths, strict=True)
        )
        self.kept = [op == "skip_connect" for op, _ in cell.pairs]
        carried = {j: (wide, place.channels)[j] for j in cell.concat if j < INPUTS}
        self.carried = nn.ModuleDict({str(j): fitted(place, c) for j, c in carried.items()})


def fitted(place: Place, inputs: int) -> nn.Module:
    """Return what makes an input part of a cell's output, without ReLU."""
    if place.stride == 2:
        return FactorizedReduce(place, inputs, relu=False)
    if inputs == place.channels:
        return nn.Identity()
    return nn.Sequential(convolution(place.dim, (inputs, place.channels), 1), place.norm())


class Network(nn.Module):
    """The evaluation network of a layout.

    `drop_path` is the probability with which the last cell drops what an operation gives while
    training, drawn from `stream` where one is given; earlier cells drop less often, in proportion
    to their number. A recipe raises it as it goes (ScheduledDropPath).
    """

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self.layout = layout
        self.drop_path = 0.0
        self.stream: torch.Generator | None = None
        large = layout.stem == "imagenet"
        wide = layout.stem_channels or 3 * layout.channels
        stem = (
            CONV[layout.dim](layout.inputs, wide, 3, stride=2, bias=False)
            if large
            else convolution(layout.dim, (layout.inputs, wide), 3)
        )
        self.stem = nn.Sequential(stem, NORM[layout.dim](wide))
        self.cells = nn.ModuleList()
        self.second = -1  # behind which cell the second classifier stands
        self.auxiliary: Auxiliary | None = None
        arriving = Arriving(wide, wide, first=True)
        for part in (4, 2) if large else ():
            arriving = self._add("reduce", Place(layout.channels // part, 2, layout.dim), arriving)
        place = Place(layout.channels, dim=layout.dim)
        for number in range(layout.cells):
            if number == layout.reductions[1] and layout.auxiliary:
                self.second = len(self.cells) - 1
                self.auxiliary = Auxiliary(layout.second, arriving.newer)
            if number in layout.reductions:
                place = replace(place, channels=2 * place.channels)
                arriving = self._add("reduce", replace(place, stride=2), arriving)
            arriving = self._add("normal", place, arriving)
        self.out = nn.Linear(arriving.newer, layout.classes)

    def _add(self, kind: str, place: Place, arriving: Arriving) -> Arriving:
        """Add a cell; return what arrives at the next one."""
        cell = Cell(self.layout.genotype.cell(kind), place, arriving, self.layout.bottlenecks)
        self.cells.append(cell)
        return Arriving(arriving.newer, cell.channels, place.stride == 2)

    def drops(self, number: int) -> Drop:
        """Return how a cell drops: never while judging, the later the more often."""
        share = (number + 1) / len(self.cells)
        if not (self.training and self.drop_path):
            return nn.Identity()
        return partial(drop_path, probability=share * self.drop_path, stream=self.stream)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Map (N, inputs, ...) to logits (N, K) and, while training, the second classifier's."""
        older = newer = self.stem(x)
        second = None
        for number, cell in enumerate(self.cells):
            older, newer = newer, cell(older, newer, self.drops(number))
            if self.training and self.auxiliary is not None and number == self.second:
                second = self.auxiliary(newer)
        logits: Tensor = self.out(newer.relu().flatten(2).mean(-1))
        return logits, second
