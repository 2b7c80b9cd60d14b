"""The micro supernet: the weights that all pairs of cells share (Sec. 2.4).

An operation with weights has those of its cell, its node, its side, its kernel, and of the state
that it reads: the two pairs of a node may read one state, each with weights of its own. A cell's
output is all its loose ends side by side, so whoever reads it has a block of a 1x1 convolution for
every state, and runs the blocks of those that are there. What a genotype runs is its stand-alone
network, `papers.cells.network.darts`, with these weights.

Batch norms have no weights and always use the batch's statistics, also where a cell is scored.

Shapes: N batch, C channels, L positions or H W space, B nodes, S = B + 2 states, K classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from harness.paper import Refused
from papers.cells.network.darts import Cell, Layout, Network
from papers.cells.network.operations import (
    FactorizedReduce,
    Place,
    build,
    convolution,
    parameter,
    relu_conv_norm,
)
from papers.cells.space.genotype import INPUTS, Genotype, NodeCell
from papers.cells.space.node import ENAS, NodeSpace
from papers.enas.arrangement import Arrangement, BatchFirst, BatchLast, SharedPlace

STEM = 3  # the stem has so many times the channels of the first cell


@dataclass(frozen=True)
class Design:
    """What a supernet is made of; the defaults are the release's on CIFAR-10."""

    channels: int = 20
    cells: int = 8
    dim: int = 2
    inputs: int = 3
    classes: int = 10
    space: NodeSpace = ENAS

    def __post_init__(self) -> None:
        if self.cells < 3:
            raise Refused(f"cells={self.cells}: below three cells none is a normal cell")

    def layout(self, genotype: Genotype) -> Layout:
        """Return the stand-alone network of a genotype, of this size."""
        return Layout(genotype, self.channels, self.cells, self.classes, self.inputs, self.dim)


# -- the supernet ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Output:
    """What a cell gives: its loose ends side by side, and which states those are."""

    value: Tensor
    states: tuple[int, ...]


def blocks(weight: Tensor, count: int, states: Sequence[int]) -> Tensor:
    """Return of weights (C', count C) the columns of some states (C', len(states) C)."""
    if tuple(states) == tuple(range(count)):
        return weight
    chosen: Tensor = weight.unflatten(1, (count, -1))[:, list(states)]
    return chosen.flatten(1)


class Reader(nn.Module):
    """How a cell reads an earlier one: ReLU, a 1x1 convolution of what is there, batch norm.

    `states` of `channels` each may arrive; `halve`: they are twice as large as the cell's own.
    """

    def __init__(self, place: Place, channels: int, states: int, halve: bool) -> None:
        super().__init__()
        self.states, self.halve = states, halve
        width = states * channels
        self.whole = FactorizedReduce(place, width) if halve else relu_conv_norm(place, 1, width)

    def forward(self, given: Output, lies: Arrangement) -> Tensor:
        """Map what another cell gave to the cell's own channels."""
        x = given.value.relu()
        parts = lies.halves(x) if self.halve else (x,)
        convolutions, norm = taken_apart(self.whole)
        mapped = [
            lies.point(blocks(parameter(conv).flatten(1), self.states, given.states), part)
            for conv, part in zip(convolutions, parts, strict=True)
        ]
        return lies.run(norm, torch.cat(mapped, lies.axis))

    def copy_to(self, own: nn.Module, states: tuple[int, ...]) -> None:
        """Copy the blocks of some states into a module that reads those alone."""
        for mine, whole in zip(taken_apart(own)[0], taken_apart(self.whole)[0], strict=True):
            weight = parameter(mine)
            chosen = blocks(parameter(whole).flatten(1), self.states, states)
            weight.copy_(chosen.view_as(weight))


def taken_apart(whole: nn.Module) -> tuple[list[nn.Module], nn.Module]:
    """Return the 1x1 convolutions, two where the size is halved, and the batch norm."""
    if isinstance(whole, FactorizedReduce):
        return [whole.even, whole.odd], whole.norm
    assert isinstance(whole, nn.Sequential)
    return [whole[1]], whole[2]


class SharedCell(nn.Module):
    """All operations of one cell's place in the network.

    `inputs` has for both of them how many channels a state has, and how many states may arrive.
    """

    def __init__(
        self, space: NodeSpace, place: Place, inputs: tuple[tuple[int, int], ...], halve: bool
    ) -> None:
        super().__init__()
        self.reduction = place.stride == 2
        flat = replace(place, stride=1)
        (older, some), (newer, many) = inputs
        self.older = Reader(flat, older, some, halve)
        self.newer = Reader(flat, newer, many, False)
        self.operations = nn.ModuleDict(
            {
                f"{number}_{state}_{op}": build(op, place if state < INPUTS else flat)
                for number in range(2 * space.nodes)
                for state in range(INPUTS + number // 2)
                for op in space.ops
            }
        )
        self.carried = nn.ModuleList(build("skip_connect", place) for _ in range(INPUTS))

    def operation(self, number: int, op: str, state: int) -> nn.Module:
        """Return what pair `number` runs when it applies an operation to a state."""
        return self.operations[f"{number}_{state}_{op}"]

    def copy_to(self, own: Cell, cell: NodeCell, given: tuple[tuple[int, ...], ...]) -> None:
        """Copy what a cell runs into a cell that stands alone, whose inputs have these states."""
        self.older.copy_to(own.older, given[0])
        self.newer.copy_to(own.newer, given[1])
        for number, (op, state) in enumerate(cell.pairs):
            shared = self.operation(number, op, state).state_dict()
            own.operations[number].load_state_dict(shared, strict=False)
        for name, carried in own.carried.items():
            carried.load_state_dict(self.carried[int(name)].state_dict(), strict=False)

    def arrive(self, number: int, op: str, state: int, x: Tensor, lies: Arrangement) -> Tensor:
        """Return what a pair adds to its node: its operation, on a state's value."""
        return lies.run(self.operation(number, op, state), x)

    def forward(self, older: Output, newer: Output, cell: NodeCell, lies: Arrangement) -> Output:
        """Run one cell: map what the two cells before gave to its loose ends."""
        states = [self.older(older, lies), self.newer(newer, lies)]
        arriving: list[Tensor] = []
        for number, (op, state) in enumerate(cell.pairs):
            arriving.append(self.arrive(number, op, state, states[state], lies))
            if len(arriving) == 2:
                states.append(arriving[0] + arriving[1])
                arriving = []
        ends = [
            lies.run(self.carried[state], states[state]) if state < INPUTS else states[state]
            for state in cell.concat
        ]
        return Output(torch.cat(ends, lies.axis), cell.concat)


class MicroSupernet(nn.Module):
    """Stem, cells and head; a genotype says which of the operations run."""

    def __init__(self, design: Design) -> None:
        super().__init__()
        self.design = design
        self.lies: Arrangement = BatchLast() if design.dim == 1 else BatchFirst()
        wide, states = STEM * design.channels, INPUTS + design.space.nodes
        place = SharedPlace(design.channels, dim=design.dim, affine=False, tracked=False)
        self.stem = nn.Sequential(
            convolution(design.dim, (design.inputs, wide), 3), place.norm(wide)
        )
        self.cells = nn.ModuleList()
        before, last, halve = (wide, 1), (wide, 1), False
        for number in range(design.cells):
            reduces = number in (design.cells // 3, 2 * design.cells // 3)
            place = replace(place, channels=place.channels * (1 + reduces), stride=1 + reduces)
            self.cells.append(SharedCell(design.space, place, (before, last), halve))
            before, last, halve = last, (place.channels, states), reduces
        self.states = states
        self.out = nn.Linear(states * place.channels, design.classes)

    def forward(self, x: Tensor, genotype: Genotype) -> Tensor:
        """Map (N, inputs, ...) to the logits (N, K) of a genotype."""
        lies = self.lies
        x = lies.run(self.stem, x.permute(1, 2, 0).contiguous() if lies.axis == 0 else x)
        older = newer = Output(x, (0,))
        for cell in self.shared_cells():
            kind = genotype.cell("reduce" if cell.reduction else "normal")
            older, newer = newer, cell(older, newer, kind, lies)
        weight = blocks(self.out.weight, self.states, newer.states)
        return F.linear(lies.mean(newer.value), weight, self.out.bias)

    def shared_cells(self) -> list[SharedCell]:
        """Return the cells, first to last."""
        return [cell for cell in self.cells if isinstance(cell, SharedCell)]

    @torch.no_grad()
    def child(self, genotype: Genotype) -> Network:
        """Return the stand-alone network of a genotype with a copy of its shared weights."""
        network = Network(self.design.layout(genotype)).to(self.out.weight)
        network.stem.load_state_dict(
            {f"features.{k}": w for k, w in self.stem.state_dict().items()}, strict=False
        )
        older: tuple[int, ...] = (0,)
        newer = older
        for shared, own in zip(self.shared_cells(), network.cells, strict=True):
            assert isinstance(own, Cell)
            kind = genotype.cell("reduce" if shared.reduction else "normal")
            shared.copy_to(own, kind, (older, newer))
            older, newer = newer, kind.concat
        network.out.weight.copy_(blocks(self.out.weight, self.states, newer))
        network.out.bias.copy_(self.out.bias)
        return network
