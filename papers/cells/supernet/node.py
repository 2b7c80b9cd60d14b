"""The search network of DARTS: every edge holds every operation. A readable loop, and the oracle.

Liu, Simonyan & Yang 2019, arXiv:1806.09055: Sec. 2.1 (cell, Eq. 1), Sec. 2.2 (continuous
relaxation, Eq. 2), App. A.1 (macro network; batch norms have no weights during search). GDAS runs
the same network with one operation an edge (Dong & Yang 2019, arXiv:1910.04465).

An edge runs as a *mixture*, all its operations weighted; as a *sample*, the one operation whose
weight is 1, with a gradient for the weights; or as a *path*, the one operation whose number is
given. `none` is never computed: its weight is what the others lack.

Shapes: N batch, C channels, L positions (dim=1) or H W space (dim=2), E edges, O operations.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from harness.paper import Refused, require
from papers.cells.network.operations import (
    NORM,
    PRIMITIVES,
    FactorizedReduce,
    Place,
    build,
    convolution,
    relu_conv_norm,
)

OPERATIONS = (
    "none", "max_pool_3x3", "avg_pool_3x3", "skip_connect",
    "sep_conv_3x3", "sep_conv_5x5", "dil_conv_3x3", "dil_conv_5x5",
)  # fmt: skip
STEM = 3  # the stem has so many times the channels of the first cell
Edges = tuple[tuple[str, ...], ...]  # the operations of every edge, by name
Path = Sequence[int | None]  # an operation for every edge; None where there is no edge
Weights = Tensor | Path


@dataclass(frozen=True)
class Design:
    """What a supernet is made of; the defaults are DARTS's on CIFAR-10 (App. A.1).

    `normal`, `reduce`: the names of each edge's operations in both types of cell, for reduced
    spaces; empty where every edge has all eight.
    """

    channels: int = 16
    cells: int = 8
    nodes: int = 4
    dim: int = 2
    inputs: int = 3
    classes: int = 10
    normal: Edges = ()
    reduce: Edges = ()

    def __post_init__(self) -> None:
        require(str(self.dim), ("1", "2"), "number of dimensions")
        if self.cells < 3:
            raise Refused(f"cells={self.cells}: below three cells none is a normal cell")
        if self.nodes < 1:
            raise Refused(f"nodes={self.nodes}: a cell has at least one intermediate node")
        for kind in ("normal", "reduce"):
            self._check(kind, getattr(self, kind))

    def _check(self, kind: str, edges: Edges) -> None:
        if edges and len(edges) != len(self.edges):
            raise Refused(
                f"{kind}: {len(edges)} edges have operations, but there are {self.edges}"
            )
        for edge, names in enumerate(edges):
            unknown = set(names) - {"none", *PRIMITIVES}
            if unknown or len(set(names)) < len(names) or not names:
                raise Refused(f"{kind}, edge {edge}: {names} must be different known operations")

    @cached_property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """All (source, target), target-major: the rows of alpha. Nodes 0 and 1 are inputs."""
        return tuple((s, t) for t in range(2, self.nodes + 2) for s in range(t))

    @property
    def reductions(self) -> tuple[int, int]:
        """The cells that halve the size and double the channels."""
        return self.cells // 3, 2 * self.cells // 3

    def operations(self, reduction: bool) -> Edges:
        """Return the names of each edge's operations in one type of cell."""
        own = self.reduce if reduction else self.normal
        return own or (OPERATIONS,) * len(self.edges)


class MixedEdge(nn.Module):
    """The operations of one edge."""

    def __init__(self, names: tuple[str, ...], place: Place) -> None:
        super().__init__()
        self.names = names
        modules = {name: build(name, place) for name in names if name != "none"}
        self.operations = nn.ModuleDict(modules)

    def mixture(self, x: Tensor, weights: Tensor) -> Tensor | None:
        """Return the weighted sum of all operations (Eq. 2); `weights`: one for each (O)."""
        terms = [
            weight * self.operations[name](x)
            for name, weight in zip(self.names, weights, strict=False)
            if name != "none"
        ]
        return total(terms)

    def single(self, x: Tensor, index: int) -> Tensor | None:
        """Return one operation's value; nothing for `none`."""
        name = self.names[index]
        return None if name == "none" else self.operations[name](x)


class MixedCell(nn.Module):
    """A cell: two preprocessed inputs, then nodes that sum all edges from before them (Eq. 1)."""

    def __init__(self, design: Design, inputs: tuple[int, int], channels: int, kind: Kind) -> None:
        super().__init__()
        self.edges, self.nodes, self.reduction = design.edges, design.nodes, kind.reduction
        own = Place(channels, 1, design.dim, affine=False, pooled_norm=True, tracked=False)
        self.preprocess0 = (
            FactorizedReduce(own, inputs[0]) if kind.follows else relu_conv_norm(own, 1, inputs[0])
        )
        self.preprocess1 = relu_conv_norm(own, 1, inputs[1])
        self.mixed = nn.ModuleList()
        for (source, _), names in zip(
            design.edges, design.operations(kind.reduction), strict=True
        ):
            stride = 2 if kind.reduction and source < 2 else 1
            place = Place(channels, stride, design.dim, False, pooled_norm=True, tracked=False)
            self.mixed.append(MixedEdge(names, place))

    def forward(self, s0: Tensor, s1: Tensor, weights: Weights, hard: bool) -> Tensor:
        """Map the outputs of the two cells before to (N, nodes C, ...), all nodes side by side."""
        values = [self.preprocess0(s0), self.preprocess1(s1)]
        path = chosen(weights, hard)
        for target in range(2, self.nodes + 2):
            places = [e for e, (_, t) in enumerate(self.edges) if t == target]
            arriving = [self._edge(e, values[self.edges[e][0]], weights, path) for e in places]
            node = total([value for value in arriving if value is not None])
            values.append(self._zeros(values) if node is None else node)
        return torch.cat(values[2:], dim=1)

    def _edge(self, edge: int, x: Tensor, weights: Weights, path: Path | None) -> Tensor | None:
        mixed = self.mixed[edge]
        assert isinstance(mixed, MixedEdge)
        if path is None:
            return mixed.mixture(x, torch.as_tensor(weights[edge]))
        index = path[edge]
        value = None if index is None else mixed.single(x, index)
        if value is None or not isinstance(weights, Tensor):
            return value
        return weights[edge, index] * value

    def _zeros(self, values: list[Tensor]) -> Tensor:
        """Return the value of a node that no edge reaches."""
        x, stride = values[0], 2 if self.reduction else 1
        return x.new_zeros(*x.shape[:2], *((size - 1) // stride + 1 for size in x.shape[2:]))

    def child(self, path: Path) -> nn.ModuleDict:
        """Return copies of what a path runs: `preprocess0`, `preprocess1`, and edges by number."""
        parts: dict[str, nn.Module] = {
            "preprocess0": self.preprocess0, "preprocess1": self.preprocess1,
        }  # fmt: skip
        for edge, index in enumerate(path):
            mixed = self.mixed[edge]
            assert isinstance(mixed, MixedEdge)
            if index is not None and mixed.names[index] != "none":
                parts[str(edge)] = mixed.operations[mixed.names[index]]
        return nn.ModuleDict({name: copy.deepcopy(part) for name, part in parts.items()})


@dataclass(frozen=True)
class Kind:
    """Whether a cell is a reduction cell, and whether it follows one."""

    reduction: bool
    follows: bool


class Supernet(nn.Module):
    """Stem, cells and head; alpha is the caller's and no parameter of this module."""

    def __init__(self, design: Design) -> None:
        super().__init__()
        self.design = design
        width, stem = design.channels, STEM * design.channels
        self.stem = nn.Sequential(
            convolution(design.dim, (design.inputs, stem), 3),
            NORM[design.dim](stem, track_running_stats=False),
        )
        self.cells = nn.ModuleList()
        before, last, follows = stem, stem, False
        for index in range(design.cells):
            reduction = index in design.reductions
            width *= 2 if reduction else 1
            self.cells.append(MixedCell(design, (before, last), width, Kind(reduction, follows)))
            before, last, follows = last, design.nodes * width, reduction
        self.head = nn.Linear(last, design.classes)

    def forward(self, x: Tensor, normal: Weights, reduce: Weights, hard: bool = False) -> Tensor:
        """Map (N, inputs, ...) to logits (N, K).

        `normal`, `reduce`: weights (E, O), all operations run; with `hard` each row has at most
        one number that is not zero, and only its operation runs; or a path, E numbers or None.
        """
        for reduction, weights in ((False, normal), (True, reduce)):
            check(self.design.operations(reduction), weights)
        before = last = self.stem(x)
        for cell in self.mixed_cells():
            weights = reduce if cell.reduction else normal
            before, last = last, cell(before, last, weights, hard)
        logits: Tensor = self.head(last.flatten(2).mean(2))
        return logits

    def mixed_cells(self) -> Iterator[MixedCell]:
        """Yield the cells, first to last."""
        for cell in self.cells:
            assert isinstance(cell, MixedCell)
            yield cell


def chosen(weights: Weights, hard: bool) -> Path | None:
    """Return the operation that each edge runs, or nothing when all of them run.

    Raises:
        Refused: a row of hard weights has several numbers that are not zero.
    """
    if not isinstance(weights, Tensor):
        return weights
    if not hard:
        return None
    active = weights.detach() != 0
    if bool((active.sum(1) > 1).any()):
        raise Refused("hard=True: a row of weights has more than one number that is not zero")
    numbers = active.int().argmax(1).tolist()
    return [n if some else None for n, some in zip(numbers, active.any(1).tolist(), strict=True)]


def check(operations: Edges, weights: Weights) -> None:
    """Refuse weights or a path that do not fit the operations of the edges."""
    if len(weights) != len(operations):
        raise Refused(f"{len(weights)} rows of weights for {len(operations)} edges")
    for edge, names in enumerate(operations):
        if isinstance(weights, Tensor):
            if weights.shape[1] < len(names):
                raise Refused(f"edge {edge}: {weights.shape[1]} weights, {len(names)} operations")
        elif weights[edge] is not None and not 0 <= (weights[edge] or 0) < len(names):
            raise Refused(f"edge {edge}: no operation {weights[edge]}, it has {names}")


def total(terms: Sequence[Tensor]) -> Tensor | None:
    """Return the sum of at least one term, or nothing."""
    result: Tensor | None = None
    for term in terms:
        result = term if result is None else result + term
    return result
