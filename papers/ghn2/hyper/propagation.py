"""Messages along the graph, node by node (Sec. 2.2 and 4): the readable oracle of `levels`.

m_v = sum over N(v) of MLP(h_u) + sum over u of 1/s_uv MLP_sp(h_u);  h_v <- GRU(m_v, h_v).

A round goes through the nodes in a topological order, with their predecessors as neighbours, and
then back, with their successors; a node hears what its neighbours have become.

Shapes: V nodes, D width.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from papers.ghn2.hyper.config import Hyper


def message_mlp(width: int, hidden: int) -> nn.Sequential:
    """Return the network that makes a message of a node: Linear, ReLU, Linear, ReLU."""
    return nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, width), nn.ReLU())


class GatedGraph(nn.Module):
    """The weights of the gated graph network, the same for all nodes and both directions."""

    def __init__(self, hyper: Hyper) -> None:
        super().__init__()
        width = hyper.width
        hidden = width // 2 if hyper.virtual else width
        self.rounds = hyper.rounds
        self.cell = nn.GRUCell(width, width)
        self.message = message_mlp(width, hidden)
        self.far = message_mlp(width, hidden) if hyper.virtual else None

    def sequential(self, features: Tensor, edges: Tensor, virtual: Tensor | None) -> Tensor:
        """Return what nodes (V, D) in a topological order become; [u, v] of both is u to v."""
        h = list(features)
        forth = range(len(h))
        for _ in range(self.rounds):
            self._sweep(h, edges, virtual, forth)
            back = None if virtual is None else virtual.T
            self._sweep(h, edges.T, back, reversed(forth))
        return torch.stack(h)

    def _sweep(
        self, h: list[Tensor], edges: Tensor, virtual: Tensor | None, order: Iterable[int]
    ) -> None:
        for v in order:
            message = torch.zeros_like(h[v])
            for u in edges[:, v].nonzero().flatten().tolist():
                message = message + self.message(h[u])
            if virtual is not None and self.far is not None:
                sources = virtual[:, v].nonzero().flatten()
                if len(sources):
                    heard = torch.stack([h[u] for u in sources.tolist()])
                    message = message + virtual[sources, v] @ self.far(heard)
            h[v] = self.cell(message[None], h[v][None])[0]
