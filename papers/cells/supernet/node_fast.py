"""The supernet, fast: what edges share is computed once for every node that they leave.

The same parameters as `papers.cells.supernet.node`; one ReLU and one of each pooling for a node.
Every operation ends in a linear map P over channels and a batch norm without weights, whose
outputs are weighted and added up. So with d the operation's centred input of P, over M rows, and
G = d'd, the batch norm's variances are diag(P G P') / M, and all of it is one more map,
W = p diag(variance + eps)^(-1/2) P: a node is the sum of d W' over all that arrives. Neither
outputs nor normalised outputs exist in memory. Inside a separable convolution ReLU comes between,
and relu(a y) = a relu(y) moves the batch norm's factor into the depthwise kernel that follows.

Mixtures, samples and paths run alike: as a list of the operations that are on, each with a weight
or without. Gradients are of first order: to be differentiated again is refused; the loop can be.

Shapes: N batch, C channels, M = N H W or N L, E edges, O operations, K convolutions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import ClassVar

import torch
from torch import Tensor, nn

from papers.cells.network.fast.depthwise import Window, flat
from papers.cells.network.operations import FactorizedReduce, parameter
from papers.cells.supernet.layouts import EPS, LONGEST, ImageLayout, SignalLayout
from papers.cells.supernet.node import MixedCell, MixedEdge, Supernet, Weights, check, chosen

BLOCKS = {"sep": 2, "dil": 1}  # an operation's first syllable -> how many depthwise blocks
Parts = Sequence[tuple[nn.Module, nn.Module]]  # depthwise and pointwise convolutions
Source = ImageLayout | SignalLayout
POOLS = ("max_pool_3x3", "avg_pool_3x3")


@dataclass(frozen=True)
class Active:
    """An operation that is on: where its edge leads, its module, and its weight (none: 1)."""

    target: int
    name: str
    module: nn.Module
    weight: Tensor | None

    @property
    def blocks(self) -> int:
        """How many depthwise blocks the operation has; 0 when it is something else."""
        return BLOCKS.get(self.name.split("_")[0], 0)

    def weighted(self, x: Tensor) -> Tensor:
        """Return the operation's weight times something."""
        return x if self.weight is None else self.weight * x


@dataclass(frozen=True)
class Arrival:
    """What an operation sends to a node: a value, and its map, (C, C') or a diagonal (C)."""

    target: int
    value: Tensor
    linear: Tensor


class FastSupernet(Supernet):
    """A supernet with the same parameters, names and results, and a faster forward.

    `fewest`: images of a batch from which on it is faster than the loop with channels last.
    """

    fewest: ClassVar[int] = 4

    @classmethod
    def of(cls, supernet: Supernet) -> FastSupernet:
        """Return a fast form that shares the modules, hence the parameters, of a supernet."""
        fast = cls(supernet.design)
        fast.stem, fast.cells, fast.head = supernet.stem, supernet.cells, supernet.head
        return fast

    def forward(self, x: Tensor, normal: Weights, reduce: Weights, hard: bool = False) -> Tensor:
        """Map (N, inputs, ...) to logits (N, K); weights as for `Supernet`."""
        for reduction, weights in ((False, normal), (True, reduce)):
            check(self.design.operations(reduction), weights)
        before = last = self.source(self.stem(x))
        for cell in self.mixed_cells():
            weights = reduce if cell.reduction else normal
            before, last = last, run_cell(cell, before, last, active(cell, weights, hard))
        logits: Tensor = self.head(last.mean())
        return logits

    def source(self, stem: Tensor) -> Source:
        """Return what the stem gave, (N, C, L) or (N, C, H, W), as the first cell's source."""
        short = stem.dim() == 3 and stem.shape[2] <= LONGEST
        return SignalLayout.of(stem) if short else ImageLayout.of(stem)


def quickest(supernet: Supernet, batch: int) -> Supernet:
    """Return the form whose pass of a batch is the shortest; all share their parameters.

    A pass of few images is small calls for the most part, and the loop makes fewer of them.
    """
    if supernet.design.dim == 2 and batch < FastSupernet.fewest:
        loop: Supernet = supernet.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return loop
    return FastSupernet.of(supernet)


def active(cell: MixedCell, weights: Weights, hard: bool) -> list[list[Active]]:
    """Return what is on, for each source."""
    path = chosen(weights, hard)
    leaving: list[list[Active]] = [[] for _ in range(cell.nodes + 1)]
    each = [row.unbind() for row in weights.unbind()] if isinstance(weights, Tensor) else None
    for edge, (source, target) in enumerate(cell.edges):
        mixed = cell.mixed[edge]
        assert isinstance(mixed, MixedEdge)
        for index, name in enumerate(mixed.names):
            if name != "none" and (path is None or path[edge] == index):
                weight = None if each is None else each[edge][index]
                leaving[source].append(Active(target, name, mixed.operations[name], weight))
    return leaving


def run_cell(cell: MixedCell, s0: Source, s1: Source, leaving: list[list[Active]]) -> Source:
    """Map the outputs of the two cells before to all nodes side by side, (M, nodes C)."""
    sources = [preprocess(cell.preprocess0, s0), preprocess(cell.preprocess1, s1)]
    if cell.reduction:
        sources = [source.halving for source in sources]
    first = sources[0]
    arrivals = leave(first, leaving[0]) + leave(sources[1], leaving[1])
    for node in range(2, cell.nodes + 2):
        own = [arrival for arrival in arrivals if arrival.target == node]
        values, maps = [a.value for a in own], [a.linear for a in own]
        sources.append(first.next(first.gather(values, maps) if own else first.zeros()))
        if node <= cell.nodes:
            arrivals += leave(sources[-1], leaving[node])
    return first.next(first.joined([source.value for source in sources[2:]]))


def preprocess(module: nn.Module, source: Source) -> Source:
    """Bring a cell's output to this cell's channels, and size; normalise."""
    if isinstance(module, FactorizedReduce):
        source = source.halving
        value = source.mix(two_in_one(module), source.halves)
    else:
        assert isinstance(module, nn.Sequential)
        value = source.mix(pointwise(module[1]), source.rectified)
    d, factors = source.normalised(value)
    return source.next(source.gather([d], [factors]))


def scale(products: Tensor, linear: Tensor, rows: int) -> Tensor:
    """Return the batch norm's factor of each output, (..., C): rsqrt(diag(P G P') / M + eps)."""
    variance = ((linear @ products) * linear).sum(-1) / rows
    return (variance + EPS).rsqrt()


def pointwise(conv: nn.Module) -> Tensor:
    """Return a 1x1 convolution as a map (C, C')."""
    return parameter(conv).flatten(1)


def two_in_one(reduce: FactorizedReduce) -> Tensor:
    """Return both convolutions of a factorized reduction as one map (C, 2 C')."""
    both: Tensor = torch.block_diag(pointwise(reduce.even), pointwise(reduce.odd))
    return both


def leave(source: Source, ops: Sequence[Active]) -> list[Arrival]:
    """Compute everything that leaves one node."""
    deep = [op for op in ops if op.blocks]
    result = list(convolved(source, deep)) if deep else []
    for name in POOLS:
        result += pooled(source, [op for op in ops if op.name == name])
    skips = [op for op in ops if op.name == "skip_connect"]
    if skips and isinstance(skips[0].module, FactorizedReduce):
        result += reduced(source, skips)
    else:
        result += [Arrival(op.target, source.value, op.weighted(source.ones)) for op in skips]
    known = (*POOLS, "skip_connect")
    result += [foreign(source, op) for op in ops if not op.blocks and op.name not in known]
    return result


@dataclass(frozen=True)
class Stage:
    """K depthwise blocks before their batch norms: centred inputs, maps (C, C), factors (C)."""

    values: tuple[Tensor, ...]
    linear: tuple[Tensor, ...]
    factors: tuple[Tensor, ...]
    normal: tuple[Tensor, ...]  # maps times factors

    @classmethod
    def of(
        cls, source: Source, xs: Sequence[Tensor], convs: Parts, factors: Sequence[Tensor] = ()
    ) -> Stage:
        """Compute one stage of K inputs, or of one; `factors` belong to the inputs' channels."""
        windows = [Window.of(spatial) for spatial, _ in convs]
        kernels = [flat(parameter(spatial)) for spatial, _ in convs]
        if factors:
            pairs = zip(kernels, factors, strict=True)
            kernels = [kernel * factor.view(-1, 1, 1, 1) for kernel, factor in pairs]
        products, values = source.depthwise(xs, windows, kernels)
        linear = torch.stack([pointwise(mixing) for _, mixing in convs])
        rows = values[0].numel() // products.shape[-1]
        scales = scale(products, linear, rows)
        normal = linear * scales[..., None]
        return cls(values, linear.unbind(), scales.unbind(), normal.unbind())


@singledispatch
def convolved(source: Source, ops: Sequence[Active]) -> Iterator[Arrival]:
    """Compute separable and dilated convolutions: all first blocks, then all second ones."""
    parts = [list(op.module.children()) for op in ops]
    one = Stage.of(source, [source.rectified], [(p[1], p[2]) for p in parts])
    for k, op in enumerate(ops):
        if op.blocks == 1:
            yield Arrival(op.target, one.values[k], op.weighted(one.normal[k]))
    twice = [k for k, op in enumerate(ops) if op.blocks == 2]
    if twice:
        # not normalised: the factors go into the next kernels
        inner = [source.mix(one.linear[k], one.values[k]).relu_() for k in twice]
        convs = [(parts[k][5], parts[k][6]) for k in twice]
        two = Stage.of(source.next(inner[0]), inner, convs, [one.factors[k] for k in twice])
        for place, k in enumerate(twice):
            value, linear = two.values[place], ops[k].weighted(two.normal[place])
            yield Arrival(ops[k].target, value, linear)


def pooled(source: Source, ops: Sequence[Active]) -> Iterator[Arrival]:
    """Compute one kind of pooling, once; its batch norm is a factor for each channel."""
    if ops:
        d, factors = source.normalised(source.pool(ops[0].name))
        for op in ops:
            yield Arrival(op.target, d, op.weighted(factors))


def reduced(source: Source, ops: Sequence[Active]) -> Iterator[Arrival]:
    """Compute the skip connections of stride 2: factorized reductions of one and the same."""
    if ops:
        products, value = source.centred(source.halves)
        for op in ops:
            assert isinstance(op.module, FactorizedReduce)
            linear = two_in_one(op.module)
            factor = scale(products, linear, value.numel() // len(products))
            yield Arrival(op.target, value, op.weighted(linear * factor[:, None]))


def foreign(source: Source, op: Active) -> Arrival:
    """Compute any other operation by its own module."""
    value = source.taken(op.module(source.given))
    return Arrival(op.target, value, op.weighted(source.ones))
