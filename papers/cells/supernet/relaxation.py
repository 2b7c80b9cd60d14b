"""The continuous relaxation: alpha, its softmax, and how far it has come (Sec. 2.2, Eq. 2).

Shapes: E edges, O operations.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from papers.cells.supernet.node import Edges

ABSENT = float("-inf")


class Relaxation(nn.Module):
    """One alpha (E, O) for each type of cell, N(0, `scale`); its weights are softmaxed rows.

    Where an edge has fewer operations than O, the last numbers of its row are masked.
    """

    def __init__(self, cells: Mapping[str, Edges], scale: float, seed: int) -> None:
        super().__init__()
        self.cells = dict(cells)
        drawn = torch.Generator().manual_seed(seed)
        self.alphas = nn.ParameterDict()
        for name, edges in cells.items():
            width = max(len(ops) for ops in edges)
            start = scale * torch.randn(len(edges), width, generator=drawn)
            self.alphas[name] = nn.Parameter(start)
            absent = [[place >= len(ops) for place in range(width)] for ops in edges]
            self.register_buffer(f"absent_{name}", torch.tensor(absent), persistent=False)

    def weights(self, name: str) -> Tensor:
        """Return the softmax over each edge's own operations, (E, O); 0 where there is none."""
        alpha, absent = self.alphas[name], self.get_buffer(f"absent_{name}")
        shares: Tensor = alpha.masked_fill(absent, ABSENT).softmax(1)
        return shares

    @torch.no_grad()
    def row(self) -> dict[str, float]:
        """Return entropy and largest weight, means over all edges, and the mean weight of none."""
        all_weights = {name: self.weights(name) for name in self.cells}
        rows = [row for weights in all_weights.values() for row in weights]
        entropy = [-(row * row.clamp_min(1e-12).log()).sum() for row in rows]
        none = [
            all_weights[name][edge, ops.index("none")]
            for name, edges in self.cells.items()
            for edge, ops in enumerate(edges)
            if "none" in ops
        ]
        values = {
            "alpha_entropy": float(torch.stack(entropy).mean()),
            "alpha_max": float(torch.stack([row.max() for row in rows]).mean()),
        }
        return values | ({"alpha_none": float(torch.stack(none).mean())} if none else {})

    @torch.no_grad()
    def shares(self) -> dict[str, dict[str, float]]:
        """Return the mean weight of each operation for each type of cell, over its edges."""
        found: dict[str, dict[str, float]] = {}
        for name, edges in self.cells.items():
            total: dict[str, list[float]] = {}
            for ops, row in zip(edges, self.weights(name).tolist(), strict=True):
                for op, weight in zip(ops, row, strict=False):
                    total.setdefault(op, []).append(weight)
            found[name] = {op: sum(values) / len(edges) for op, values in total.items()}
        return found


def log_weights(relaxation: Relaxation, name: str) -> Tensor:
    """Return the logarithms of the weights of a type of cell, (E, O); -inf where there is none."""
    alpha, absent = relaxation.alphas[name], relaxation.get_buffer(f"absent_{name}")
    logs: Tensor = alpha.masked_fill(absent, ABSENT).log_softmax(1)
    return logs
