"""The weight-sharing network of an edge space: one set of weights for every cell.

`EdgeSupernet` holds the weights, an operation for each (cell, edge, name), and is the readable
form. `Shared` runs the same weights with the batch last in memory: each node is rectified and
unfolded once for all convolutions that read it, and their batch norms are one call.

Batch norms have no weights and always use the batch's statistics (`specs` call this `batch`):
running ones would mix those of all cells that came by. So score on batches of 100 or more.

A choice says what each edge does. A path is a code: one operation per edge (ENAS, random search
with weight sharing). A mixture is a matrix of weights (E, O), rows in the order of the space's
operations (DARTS). A hard sample is a matrix with a single 1 in each row that carries the gradient
of the probabilities behind it (GDAS): only the chosen operations run.

Shapes: N batch, L positions, C channels, K classes, E edges, O operations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from harness.training import device
from papers.cells.network.fast import kernels
from papers.cells.network.light import CHANNELS, CLASSES
from papers.cells.network.operations import Place, build
from papers.cells.space.edge import KERNELS, Code, EdgeSpace


@dataclass(frozen=True)
class Chosen:
    """One operation on one edge, and its weight in the sum (None: 1)."""

    edge: int
    source: int
    target: int
    name: str
    weight: Tensor | None


Choice = Code | Tensor


def steps(space: EdgeSpace, choice: Choice, hard: bool = False) -> list[Chosen]:
    """Return the operations that a choice runs, in the order of edges; `none` is no operation."""
    found = []
    for edge, (source, target) in enumerate(space.edges):
        if not isinstance(choice, Tensor):
            named: list[tuple[int, Tensor | None]] = [(choice[edge], None)]
        elif hard:
            op = int(choice[edge].argmax())
            named = [(op, choice[edge, op])]
        else:
            named = [(op, choice[edge, op]) for op in range(len(space.ops))]
        found += [
            Chosen(edge, source, target, space.ops[op], weight)
            for op, weight in named
            if space.ops[op] != "none"
        ]
    return found


class SharedCell(nn.Module):
    """All operations of one cell place."""

    def __init__(self, space: EdgeSpace, place: Place) -> None:
        super().__init__()
        self.nodes = space.nodes
        self.operations = nn.ModuleDict(
            {
                f"{edge}_{name}": build(name, place)
                for edge in range(len(space.edges))
                for name in space.ops
                if name != "none"
            }
        )

    def forward(self, x: Tensor, chosen: Sequence[Chosen]) -> Tensor:
        """Map (N, C, L) to (N, C, L): a plain loop over operations."""
        values: list[Tensor | None] = [x] + [None] * (self.nodes - 1)
        for step in chosen:
            value = values[step.source]
            if value is None:
                continue
            arriving = self.operations[f"{step.edge}_{step.name}"](value)
            if step.weight is not None:
                arriving = step.weight * arriving
            before = values[step.target]
            values[step.target] = arriving if before is None else before + arriving
        out = values[-1]
        return torch.zeros_like(x) if out is None else out


class EdgeSupernet(nn.Module):
    """The light network with every operation on every edge."""

    def __init__(self, space: EdgeSpace, channels: int = CHANNELS) -> None:
        super().__init__()
        wide = 2 * channels
        narrow_place, wide_place = (
            Place(c, affine=False, tracked=False) for c in (channels, wide)
        )
        self.space = space
        self.stem = nn.Sequential(nn.Conv1d(1, channels, 1, bias=False), narrow_place.norm())
        self.first = SharedCell(space, narrow_place)
        self.reduce = nn.Sequential(
            nn.ReLU(), nn.AvgPool1d(2), nn.Conv1d(channels, wide, 1, bias=False),
            wide_place.norm(),
        )  # fmt: skip
        self.second = SharedCell(space, wide_place)
        self.norm = wide_place.norm()
        self.out = nn.Linear(wide, CLASSES)

    def forward(self, x: Tensor, choice: Choice, hard: bool = False) -> Tensor:
        """Map signals (N, L) to logits (N, K) under a path, a mixture or a hard sample."""
        chosen = steps(self.space, choice, hard)
        h = self.first(self.stem(x.unsqueeze(1)), chosen)
        h = self.second(self.reduce(h), chosen)
        logits: Tensor = self.out(self.norm(h).relu().mean(-1))
        return logits


def build_supernet(space: EdgeSpace, seed: int, channels: int = CHANNELS) -> EdgeSupernet:
    """Return a supernet with torch's default initial weights, drawn from an own stream."""
    with device.seeded(seed):
        return EdgeSupernet(space, channels)


class Shared:
    """The same weights, run fast: `Shared(supernet)(x, choice)` equals `supernet(x, choice)`."""

    def __init__(self, supernet: EdgeSupernet) -> None:
        self.supernet = supernet
        weight = next(supernet.parameters())
        self.one = weight.new_ones(1)

    def __call__(self, x: Tensor, choice: Choice, hard: bool = False) -> Tensor:
        """Map signals (N, L) to logits (N, K)."""
        net, chosen = self.supernet, steps(self.supernet.space, choice, hard)
        h = self._norm(net.get_parameter("stem.0.weight")[..., 0, None] * x.T)  # (C, L, N)
        h = self._cell(net.first, h, chosen).relu()
        h = (h[:, 0::2] + h[:, 1::2]) / 2
        wide = torch.mm(net.get_parameter("reduce.2.weight")[..., 0], h.flatten(1))
        h = self._cell(net.second, self._norm(wide.unflatten(1, h.shape[1:])), chosen)
        pooled = self._norm(h).relu().mean(1)
        return torch.addmm(net.out.bias, pooled.T, net.out.weight.T)

    def _norm(self, x: Tensor) -> Tensor:
        """Normalise (C, ...) over all that follows the channels."""
        ones = self.one.expand(len(x)).contiguous()
        return kernels.normalise(x.flatten(1), ones, torch.zeros_like(ones))[0].view(x.shape)

    def _cell(self, cell: SharedCell, x: Tensor, chosen: Sequence[Chosen]) -> Tensor:
        """Map (C, L, N) to the same shape, source node by source node."""
        values: list[Tensor | None] = [x] + [None] * (cell.nodes - 1)
        for source in range(cell.nodes - 1):
            value = values[source]
            own = [step for step in chosen if step.source == source]
            if value is None or not own:
                continue
            for step, arriving in zip(own, self._computed(cell, value, own), strict=True):
                weighted = arriving if step.weight is None else step.weight * arriving
                before = values[step.target]
                values[step.target] = weighted if before is None else before + weighted
        out = values[-1]
        return torch.zeros_like(x) if out is None else out

    def _computed(self, cell: SharedCell, value: Tensor, own: Sequence[Chosen]) -> list[Tensor]:
        """Return what each step makes of a node's value; like work is done once."""
        blocks = [
            cell.operations[f"{step.edge}_{step.name}"] for step in own if step.name in KERNELS
        ]
        convolved = iter(self._convolved(value, blocks) if blocks else ())
        pools = any(step.name == "avg" for step in own)
        pooled = kernels.average(value[None])[0] if pools else value
        others = {"skip": value, "avg": pooled}
        return [next(convolved) if s.name in KERNELS else others[s.name] for s in own]

    def _convolved(self, value: Tensor, blocks: Sequence[nn.Module]) -> Sequence[Tensor]:
        weights = [block.get_parameter("1.weight") for block in blocks]
        kernel = max(weight.shape[-1] for weight in weights)
        ends = [(kernel - weight.shape[-1]) // 2 for weight in weights]
        wide = [F.pad(w, (e, e)) if e else w for w, e in zip(weights, ends, strict=True)]
        joined = torch.cat([w.flatten(1) for w in wide])  # (m C, C k)
        out = kernels.relu_convolve(value[None], joined[None], kernel)[0]
        return self._norm(out).view(len(blocks), *value.shape).unbind(0)
