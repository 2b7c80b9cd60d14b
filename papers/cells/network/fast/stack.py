"""Many light networks at once, of any cells: the fast form of `papers.cells.network.light`.

At every node, members are put into buckets by how many convolutions read it. A bucket's input is
rectified and unfolded once, all its convolutions are one batched matrix product and all their
batch norms one call. Convolutions of different kernels share the widest one's columns: a smaller
kernel is a wider one with zeros at its ends.
Shapes: E members, m convolutions that read a node, C channels, L positions, N batch, K classes.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from papers.cells.network.fast import kernels
from papers.cells.network.light import Light, LightCell
from papers.cells.space.classes import Graph

MOMENTUM = 0.1  # of torch's batch norm


class Norm(nn.Module):
    """The batch norms of E members (and m convolutions): one call over all their channels."""

    def __init__(self, norms: Sequence[nn.Module]) -> None:
        super().__init__()
        self.weight = nn.Parameter(_joined(norms, "weight"))
        self.bias = nn.Parameter(_joined(norms, "bias"))
        self.register_buffer("mean", _joined(norms, "running_mean"))
        self.register_buffer("variance", _joined(norms, "running_var"))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (E, C, ...) over all that follows the channels."""
        flat = x.reshape(x.shape[0] * x.shape[1], -1)
        if not self.training:
            scale = self.weight * (self.get_buffer("variance") + kernels.EPS).rsqrt()
            shift = self.bias - self.get_buffer("mean") * scale
            return (flat * scale[:, None]).add_(shift[:, None]).view(x.shape)
        out, mean, variance = kernels.normalise(flat, self.weight, self.bias)
        unbiased = variance * (flat.shape[1] / (flat.shape[1] - 1))
        self.get_buffer("mean").lerp_(mean, MOMENTUM)
        self.get_buffer("variance").lerp_(unbiased, MOMENTUM)
        return out.view(x.shape)


Block = tuple[nn.Conv1d, nn.Module]  # a convolution and its batch norm


class Bucket(nn.Module):
    """Members that have equally many (m) convolutions reading one node of one cell."""

    def __init__(self, members: Sequence[int], blocks: Sequence[Sequence[Block]]) -> None:
        super().__init__()
        convolutions = [convolution for own in blocks for convolution, _ in own]
        kernels_of = [convolution.weight.shape[-1] for convolution in convolutions]
        self.kernel = max(kernels_of)
        self.whole = min(kernels_of) == self.kernel
        weights = [c.weight.detach() for c in convolutions]
        kept = [torch.ones_like(weight) for weight in weights]
        self.weight = nn.Parameter(self._laid_out(weights, len(members)))
        self.register_buffer("kept", self._laid_out(kept, len(members)))
        self.register_buffer("rows", torch.tensor(members), persistent=False)
        self.norm = Norm([norm for own in blocks for _, norm in own])

    def _laid_out(self, weights: Sequence[Tensor], members: int) -> Tensor:
        """Widen kernels (C, C, k) by zeros and lay them out as matrices (E', m C, C k)."""
        ends = [(self.kernel - weight.shape[-1]) // 2 for weight in weights]
        wide = [F.pad(w, (end, end)) for w, end in zip(weights, ends, strict=True)]
        rows = torch.cat(wide).flatten(1)
        return rows.view(members, -1, rows.shape[1])

    def forward(self, x: Tensor, everyone: bool) -> Tensor:
        """Map node values of all members to this bucket's (E' m, C, L, N), member by member."""
        x = x if everyone else x.index_select(0, self.get_buffer("rows"))
        weight = self.weight if self.whole else self.weight * self.get_buffer("kept")
        normalised: Tensor = self.norm(kernels.relu_convolve(x, weight, self.kernel))
        return normalised.view(-1, *x.shape[1:])


class StackedCell(nn.Module):
    """The same cell place of E members, whose cells may differ."""

    def __init__(self, cells: Sequence[LightCell], graphs: Sequence[Graph]) -> None:
        super().__init__()
        first = cells[0]
        self.members, self.nodes = len(cells), first.nodes
        self.buckets = nn.ModuleDict()
        # node -> (kind, target) -> [(member, row among what that bucket computes)]
        self.routes: list[dict[tuple[str, int], list[tuple[int, int]]]] = []
        for source in range(first.nodes - 1):
            edges = [(e, t) for e, (s, t) in enumerate(first.edges) if s == source]
            self.routes.append(self._route(source, edges, (cells, graphs)))

    def _route(
        self,
        source: int,
        edges: Sequence[tuple[int, int]],
        built: tuple[Sequence[LightCell], Sequence[Graph]],
    ) -> dict[tuple[str, int], list[tuple[int, int]]]:
        """Fill this node's buckets; return where what is computed at the node goes."""
        cells, graphs = built
        routes: dict[tuple[str, int], list[tuple[int, int]]] = {}
        sizes: dict[int, list[tuple[int, list[Block]]]] = {}
        for member, (cell, graph) in enumerate(zip(cells, graphs, strict=True)):
            own = [(e, t) for e, t in edges if e in graph.live]
            filled = sizes.setdefault(len(own), [])
            for slot, (_, target) in enumerate(own):
                row = len(filled) * len(own) + slot
                routes.setdefault((f"{source}x{len(own)}", target), []).append((member, row))
            filled.append((member, [_block(cell, edge) for edge, _ in own]))
            for edge, target in edges:
                if cell.names[edge] in ("skip", "avg"):
                    kind = (cell.names[edge], target)
                    routes.setdefault(kind, []).append((member, member))
        for size in sorted(set(sizes) - {0}):
            members, blocks = zip(*sizes[size], strict=True)
            self.buckets[f"{source}x{size}"] = Bucket(members, blocks)
        # one order whoever is in the stack: it decides how gradients that meet are added up
        return dict(sorted(routes.items()))

    def forward(self, x: Tensor) -> Tensor:
        """Map (E, C, L, N) to the same shape; zeros for a member whose output nothing reaches."""
        values: list[Tensor | None] = [x] + [None] * (self.nodes - 1)
        for source, routes in enumerate(self.routes):
            value = values[source]
            if value is None:
                continue
            computed: dict[str, Tensor] = {"skip": value}
            for (kind, target), places in routes.items():
                if kind not in computed:
                    computed[kind] = self._compute(kind, value)
                arriving = self._arrive(computed[kind], places)
                values[target] = _sum(values[target], arriving)
        out = values[-1]
        return torch.zeros_like(x) if out is None else out

    def _compute(self, kind: str, value: Tensor) -> Tensor:
        if kind == "avg":
            return kernels.average(value)
        bucket = self.buckets[kind]
        result: Tensor = bucket(value, len(bucket.get_buffer("rows")) == self.members)
        return result

    def _arrive(self, computed: Tensor, places: list[tuple[int, int]]) -> Tensor:
        """Return (E, C, L, N): each member's row of what was computed, zero for the others."""
        members, rows = zip(*places, strict=True)
        step = rows[1] - rows[0] if len(rows) > 1 else 1
        regular = list(rows) == list(range(rows[0], rows[0] + step * len(rows), step or 1))
        picked = (
            computed[rows[0] : rows[-1] + 1 : step]
            if regular and step
            else computed.index_select(0, torch.tensor(rows, device=computed.device))
        )
        if len(members) == self.members:
            return picked
        whole = computed.new_zeros(self.members, *computed.shape[1:])
        return whole.index_copy(0, torch.tensor(members, device=computed.device), picked)


class Stack(nn.Module):
    """E light networks side by side; their weights are copied."""

    def __init__(self, networks: Sequence[Light]) -> None:
        super().__init__()
        graphs = [Graph(network.space, network.code) for network in networks]
        self.stem = _linear(networks, "stem.0")
        self.stem_norm = Norm([network.get_submodule("stem.1") for network in networks])
        self.first = StackedCell([network.first for network in networks], graphs)
        self.reduce = _linear(networks, "reduce.2")
        self.reduce_norm = Norm([network.get_submodule("reduce.3") for network in networks])
        self.second = StackedCell([network.second for network in networks], graphs)
        self.norm = Norm([network.norm for network in networks])
        self.weight = nn.Parameter(torch.stack([n.out.weight.detach() for n in networks]))
        self.bias = nn.Parameter(torch.stack([n.out.bias.detach()[:, None] for n in networks]))

    def forward(self, x: Tensor) -> Tensor:
        """Map signals (E, L, N) or (L, N), shared, to logits (E, K, N)."""
        x = x if x.dim() == 3 else x.expand(len(self.weight), *x.shape)
        h = self.stem_norm(self.stem[..., None] * x[:, None])
        h = self.first(h).relu()
        h = (h[:, :, 0::2] + h[:, :, 1::2]) / 2
        wide = torch.bmm(self.reduce, h.flatten(2)).unflatten(2, h.shape[2:])
        h = self.second(self.reduce_norm(wide))
        pooled = self.norm(h).relu().mean(2)
        return torch.baddbmm(self.bias, self.weight, pooled)


def _block(cell: LightCell, edge: int) -> Block:
    _, convolution, norm = cell.operations[str(edge)].children()
    assert isinstance(convolution, nn.Conv1d)
    return convolution, norm


def _sum(one: Tensor | None, other: Tensor) -> Tensor:
    return other if one is None else one + other


def _linear(networks: Sequence[nn.Module], name: str) -> nn.Parameter:
    """Return 1x1 convolutions as matrices (E, O, I)."""
    weights = [network.get_parameter(f"{name}.weight") for network in networks]
    return nn.Parameter(torch.stack([weight.detach()[..., 0] for weight in weights]))


def _joined(norms: Sequence[nn.Module], name: str) -> Tensor:
    return torch.cat([getattr(norm, name).detach().clone() for norm in norms])
