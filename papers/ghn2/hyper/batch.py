"""Graphs as the hypernetwork reads them: prepared once each, put together for every meta-batch.

Shapes: V nodes of all graphs, one graph after another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.paper import Refused
from papers.ghn2 import graph
from papers.ghn2.graph import Graph, Parameter, virtual_edges
from papers.ghn2.hyper.config import Hyper
from papers.ghn2.hyper.features import Four, buckets, four
from papers.ghn2.hyper.levels import Sweep
from papers.ghn2.hyper.normalisation import gain

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Wanted:
    """Tensors of one graph that are decoded alike: their nodes, names and gains."""

    nodes: tuple[int, ...]
    names: tuple[str, ...]
    gains: tuple[float, ...]


@dataclass(frozen=True)
class Kind:
    """What is decoded alike: role, shape, and the same with four dimensions."""

    role: str
    shape: tuple[int, ...]
    four: Four = (1, 1, 1, 1)


class Prepared:
    """One graph with what does not change between steps."""

    def __init__(self, network: Graph, hyper: Hyper) -> None:
        """Take a network apart.

        Raises:
            Refused: its classifier has other classes than the hypernetwork.
        """
        self.graph, self.hyper = network, hyper
        self.operations = np.array([node.primitive for node in network.nodes])
        self.buckets = np.array(buckets(network, hyper))
        self.wanted = _wanted(network, hyper)

    def __len__(self) -> int:
        return len(self.graph)

    @cached_property
    def edges(self) -> Floats:
        """1 where an edge leads from u to v, (V, V)."""
        dense = np.zeros((len(self.graph),) * 2, np.float32)
        u, v = np.array(self.graph.edges, np.int64).reshape(-1, 2).T
        dense[u, v] = 1
        return dense

    @cached_property
    def virtual(self) -> Floats | None:
        """1 / s_uv, (V, V); None where the hypernetwork has no virtual edges."""
        if not self.hyper.virtual:
            return None
        return virtual_edges(self.graph, self.hyper.virtual, self.hyper.direct)


@dataclass(frozen=True)
class Group:
    """Tensors of all graphs that are decoded alike; `owners` tells graph and name of each."""

    kind: Kind
    nodes: Tensor  # (n)
    gains: Tensor  # (n)
    owners: tuple[tuple[int, str], ...]


class Batch:
    """A meta-batch of graphs, on a device and in the precision of the hypernetwork."""

    def __init__(
        self,
        graphs: Sequence[Prepared],
        where: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.graphs, self.where, self.dtype = tuple(graphs), where, dtype
        self.starts = np.cumsum([0, *map(len, graphs)])
        self.operations = self._tensor(np.concatenate([g.operations for g in graphs]))
        self.buckets = self._tensor(np.concatenate([g.buckets for g in graphs]))

    def __len__(self) -> int:
        return len(self.graphs)

    @property
    def nodes(self) -> int:
        """How many nodes there are in all graphs."""
        return int(self.starts[-1])

    @cached_property
    def groups(self) -> list[Group]:
        """What is decoded, in the order in which kinds first come."""
        found: dict[Kind, tuple[list[int], list[float], list[tuple[int, str]]]] = {}
        for place, (one, start) in enumerate(zip(self.graphs, self.starts, strict=False)):
            for kind, wanted in one.wanted.items():
                nodes, gains, owners = found.setdefault(kind, ([], [], []))
                nodes += [int(start) + node for node in wanted.nodes]
                gains += wanted.gains
                owners += [(place, name) for name in wanted.names]
        return [
            Group(kind, self._tensor(np.array(nodes)), self._numbers(gains), tuple(owners))
            for kind, (nodes, gains, owners) in found.items()
        ]

    @cached_property
    def forth(self) -> Sweep:
        """The sweep in the direction of the data."""
        return self._sweep(back=False)

    @cached_property
    def back(self) -> Sweep:
        """The sweep against it."""
        return self._sweep(back=True)

    def graph_of_nodes(self) -> Tensor:
        """Return the place of each node's graph (V)."""
        return self._tensor(np.repeat(np.arange(len(self)), np.diff(self.starts)))

    # -- inside -----------------------------------------------------------------------------------

    def _sweep(self, back: bool) -> Sweep:
        levels = np.concatenate(
            [g.graph.levels_back if back else g.graph.levels for g in self.graphs]
        )
        order = np.argsort(levels, kind="stable")
        bounds = (0, *np.cumsum(np.bincount(levels)).tolist())
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        edges = self._heard([g.edges for g in self.graphs], place, back)
        virtual = None
        if self.graphs[0].hyper.virtual:
            virtual = self._heard([g.virtual for g in self.graphs], place, back)
        return Sweep(self._tensor(order), bounds, edges, virtual)

    def _heard(
        self, weights: Sequence[Floats | None], place: NDArray[np.int64], back: bool
    ) -> Tensor:
        """Return who hears whom among all nodes: row v holds what v hears, in a sweep's order."""
        dense = np.zeros((self.nodes,) * 2, np.float32)
        for own, low, high in zip(weights, self.starts, self.starts[1:], strict=False):
            assert own is not None
            rows = place[low:high]
            dense[rows[:, None], rows] = own if back else own.T
        return self._tensor(dense).to(self.dtype)

    def _numbers(self, values: Sequence[float]) -> Tensor:
        return torch.tensor(values, dtype=self.dtype, device=self.where)

    def _tensor(self, array: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.where)


def _wanted(network: Graph, hyper: Hyper) -> dict[Kind, Wanted]:
    found: dict[Kind, list[tuple[int, str, float]]] = {}
    for place, node in enumerate(network.nodes):
        for parameter in node.parameters:
            kind, scale = _kind(parameter, hyper)
            found.setdefault(kind, []).append((place, parameter.name, scale))
    return {kind: Wanted(*zip(*own, strict=True)) for kind, own in found.items()}


def _kind(parameter: Parameter, hyper: Hyper) -> tuple[Kind, float]:
    """Return how a parameter is decoded and what it is multiplied with."""
    role, shape = parameter.role, parameter.shape
    if role in (graph.CLASS_WEIGHT, graph.CLASS_BIAS) and shape[0] != hyper.classes:
        raise Refused(
            f"parameter '{parameter.name}': {shape[0]} classes; the hypernetwork was made for "
            f"{hyper.classes}"
        )
    if role in (graph.WEIGHT, graph.POSITION, graph.CLASS_WEIGHT):
        wide = four(shape, role == graph.POSITION)
        scale = gain(parameter, wide, hyper.largest, hyper.tile_aware) if hyper.normalize else 1.0
        return Kind(role, shape, wide), scale
    return Kind(role, shape), 1.0
