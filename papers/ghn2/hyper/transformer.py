"""GHN-3's propagation: attention among all nodes, told of edges and distances (arXiv:2303.04143).

Nodes are told how many edges enter and leave them and how far the input is; pairs of nodes in the
first layer, how far each is from the other.

Shapes: V nodes of one graph, D width, A heads.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from papers.ghn2.hyper.batch import Prepared
from papers.ghn2.hyper.config import Hyper

DEGREES, DEPTHS, DISTANCES = 101, 1001, 257  # rows of the tables; the last for all larger ones
MLP_RATIO = 4


class Layer(nn.Module):
    """Attention and a network for each node, norms before both."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        inner = MLP_RATIO * width
        self.mlp = nn.Sequential(nn.Linear(width, inner), nn.GELU(), nn.Linear(inner, width))

    def forward(self, h: Tensor, bias: Tensor | None) -> Tensor:
        """Map nodes (V, D), with a bias (A, V, V) of the attention, to nodes."""
        q, k, v = self.qkv(self.first(h)).unflatten(-1, (3, self.heads, -1)).permute(1, 2, 0, 3)
        heard = F.scaled_dot_product_attention(q[None], k[None], v[None], bias)[0]
        h = h + self.out(heard.transpose(0, 1).flatten(1))
        moved: Tensor = h + self.mlp(self.second(h))
        return moved


class Transformer(nn.Module):
    """All layers, and what nodes and pairs of nodes are told."""

    def __init__(self, hyper: Hyper) -> None:
        super().__init__()
        width = hyper.width
        self.entering, self.leaving = nn.Embedding(DEGREES, width), nn.Embedding(DEGREES, width)
        self.depth = nn.Embedding(DEPTHS, width)
        self.distance = nn.Embedding(DISTANCES, width)
        self.pair = nn.Sequential(nn.Linear(2 * width, width), nn.ReLU(),
                                  nn.Linear(width, hyper.heads))  # fmt: skip
        self.layers = nn.ModuleList(Layer(width, hyper.heads) for _ in range(hyper.layers))

    def forward(self, features: Tensor, graphs: Sequence[Prepared]) -> Tensor:
        """Map the features of all graphs' nodes (V, D) to embeddings; graphs do not mix."""
        parts = features.split([len(one) for one in graphs])
        return torch.cat([self._one(h, one) for h, one in zip(parts, graphs, strict=True)])

    def _one(self, h: Tensor, one: Prepared) -> Tensor:
        s = torch.from_numpy(one.graph.distances).to(h.device).long().clamp(max=DISTANCES - 1)
        entering, leaving, depth = (_rows(v, h.device) for v in _told(one))
        h = h + self.entering(entering) + self.leaving(leaving) + self.depth(depth)
        both = torch.cat([self.distance(s), self.distance(s.T)], -1)
        bias: Tensor | None = self.pair(both).permute(2, 0, 1)
        for layer in self.layers:
            h = layer(h, bias)
            bias = None  # the first layer alone
        return h


def _told(one: Prepared) -> tuple[list[int], list[int], list[int]]:
    """Return in-degrees, out-degrees and distances from the input, clipped to the tables."""
    network = one.graph
    entering = [min(len(sources), DEGREES - 1) for sources in network.before]
    leaving = [min(len(sinks), DEGREES - 1) for sinks in network.after]
    depth = np.minimum(network.distances[0], DEPTHS - 1)
    return entering, leaving, depth.tolist()


def _rows(values: list[int], where: torch.device) -> Tensor:
    return torch.tensor(values, device=where)
