"""The hypernetwork: all parameters of any number of graphs in one forward pass (Sec. 2.2 and 4).

Shapes: V nodes of all graphs, D width.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from harness.training import device
from papers.ghn2 import graph
from papers.ghn2.graph import Graph
from papers.ghn2.hyper.batch import Batch, Group, Kind, Prepared
from papers.ghn2.hyper.config import Hyper
from papers.ghn2.hyper.decoder import GridDecoder, VectorDecoder, tiled
from papers.ghn2.hyper.features import Features
from papers.ghn2.hyper.levels import propagate
from papers.ghn2.hyper.normalisation import squashed
from papers.ghn2.hyper.propagation import GatedGraph
from papers.ghn2.hyper.transformer import Transformer

GRIDS = (graph.WEIGHT, graph.POSITION, graph.CLASS_WEIGHT)
Predicted = list[dict[str, Tensor]]  # for every graph, tensors by the names of its parameters


class HyperNetwork(nn.Module):
    """GHN-2 and its kin."""

    def __init__(self, hyper: Hyper) -> None:
        super().__init__()
        self.hyper, width = hyper, hyper.width
        self.features = Features(hyper)
        self.propagation: nn.Module
        if hyper.propagation == "gated":
            self.propagation = GatedGraph(hyper)
        elif hyper.propagation == "transformer":
            self.propagation = Transformer(hyper)
        else:
            self.propagation = nn.Sequential(nn.Linear(width, width), nn.ReLU(),
                                             nn.Linear(width, width), nn.ReLU())  # fmt: skip
        self.norm = nn.LayerNorm(width) if hyper.layer_norm else nn.Identity()
        self.grids, self.vectors = GridDecoder(hyper), VectorDecoder(hyper)

    def batch(self, graphs: Sequence[Prepared | Graph]) -> Batch:
        """Return graphs as a meta-batch on this network's device."""
        ready = [g if isinstance(g, Prepared) else Prepared(g, self.hyper) for g in graphs]
        return Batch(ready, self.where, self.vectors.rows.weight.dtype)

    @property
    def where(self) -> torch.device:
        """Where its weights are."""
        return self.vectors.rows.weight.device

    def embed(self, batch: Batch) -> Tensor:
        """Return the final embeddings of all nodes (V, D)."""
        h = self.features(batch.operations, batch.buckets)
        if isinstance(self.propagation, GatedGraph):
            h = propagate(self.propagation, h, batch.forth, batch.back)
        elif isinstance(self.propagation, Transformer):
            h = self.propagation(h, batch.graphs)
        else:
            h = self.propagation(h)
        embeddings: Tensor = self.norm(h)
        return embeddings

    def forward(self, graphs: Sequence[Prepared | Graph] | Batch) -> Predicted:
        """Return every parameter of every graph."""
        batch = graphs if isinstance(graphs, Batch) else self.batch(graphs)
        return self.decode(batch, self.embed(batch))

    def decode(self, batch: Batch, h: Tensor) -> Predicted:
        """Return every parameter from the embeddings (V, D): one call for all that are alike."""
        predicted: Predicted = [{} for _ in batch.graphs]
        for group, tensors in self._decoded(batch.groups, h):
            for (owner, name), tensor in zip(group.owners, tensors.unbind(), strict=True):
                predicted[owner][name] = tensor
        return predicted

    def describe(self, batch: Batch) -> Tensor:
        """Return one embedding a graph, the mean of its nodes': (graphs, D)."""
        h = self.embed(batch)
        return torch.stack([part.mean(0) for part in h.split([len(g) for g in batch.graphs])])

    # -- inside -----------------------------------------------------------------------------------

    def _decoded(self, groups: Sequence[Group], h: Tensor) -> Iterator[tuple[Group, Tensor]]:
        """Yield the tensors of every group, stacked: kernels of one size share their decoding."""
        by_kernel: dict[tuple[int, int], list[Group]] = {}
        vectors: list[Group] = []
        for group in groups:
            if group.kind.role in GRIDS:
                kernel = self.grids.inner(*group.kind.four[2:])
                by_kernel.setdefault(kernel, []).append(group)
            else:
                vectors.append(group)
        for kernel, own in by_kernel.items():
            places = self.grids.at(_of(own, h), kernel)
            for group, part in zip(own, places.split(_sizes(own)), strict=True):
                yield group, self._grid(group, part)
        if vectors:
            rows = self.vectors(_of(vectors, h))
            for group, part in zip(vectors, rows.split(_sizes(vectors)), strict=True):
                yield group, self._vector(group.kind, part)

    def _grid(self, group: Group, places: Tensor) -> Tensor:
        """Return weights or positions (n, *shape)."""
        kind = group.kind
        gains = group.gains if self.hyper.normalize and kind.role != graph.POSITION else None
        if kind.role == graph.CLASS_WEIGHT:
            kernels = self.grids.classifier(places, kind.four[1], gains)
        else:
            kernels = self.grids(places, kind.four, gains)
        if kind.role == graph.POSITION and len(kind.shape) == 3 and kind.shape[0] == 1:
            return tiled(kernels.flatten(3).transpose(2, 3), kind.shape)  # tokens (n, 1, T, C)
        return kernels.reshape(-1, *kind.shape)

    def _vector(self, kind: Kind, rows: Tensor) -> Tensor:
        """Return scales, shifts or biases (n, *shape)."""
        row = rows[:, 0] if kind.role == graph.SCALE else rows[:, 1]
        if kind.role == graph.CLASS_BIAS:
            decoded = self.vectors.classifier(row)
        else:
            decoded = tiled(row[:, : kind.shape[0]], kind.shape)
        return squashed(decoded, kind.role) if self.hyper.normalize else decoded


def _of(groups: Sequence[Group], h: Tensor) -> Tensor:
    """Return the embeddings of all nodes of some groups, one group after another."""
    return h.index_select(0, torch.cat([group.nodes for group in groups]))


def _sizes(groups: Sequence[Group]) -> list[int]:
    return [len(group.owners) for group in groups]


def build(hyper: Hyper, seed: int) -> HyperNetwork:
    """Return a hypernetwork with torch's default initial weights, drawn from an own stream."""
    with device.seeded(seed):
        return HyperNetwork(hyper)
