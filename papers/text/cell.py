"""Recurrent cells: the one that is searched, as a mixture, and the one that is derived.

As DARTS has them (arXiv:1806.09055v2, Sec. 2.1).

    c, u  `gate`, `update`, the halves of one matrix product
    s_0   = h_{t-1} + sigmoid(c) (tanh(u) - h_{t-1}),  [c; u] = [x_t * m_x; h_{t-1} * m_h] W_0
    s_i   = s_j + sigmoid(c) (f(u) - s_j),             [c; u] = (s_j * m_h) W_i
    h_t   = mean of the states in `concat`

A row of alpha belongs to node i and one predecessor j < i, in the order of nodes, then of
predecessors: node 1 has row 0, node 2 rows 1 and 2. W_i is shared by all of node i's edges.

Shapes: T time steps, B streams, D width, I nodes, E edges = I (I + 1) / 2, O operations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from papers.text.published import Recurrent

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "identity": lambda x: x,
}
OPERATIONS = ("none", *ACTIVATIONS)  # the columns of alpha


@dataclass(frozen=True)
class CellMasks:
    """Inverted-dropout masks of one window, (B, D) each: the same at every time step and node."""

    x: Tensor
    hidden: Tensor


def masked(values: Tensor, mask: Tensor | None) -> Tensor:
    """Return the values under a mask; without one, as they are."""
    return values if mask is None else values * mask


def highway(state: Tensor, both: Tensor, activation: Callable[[Tensor], Tensor]) -> Tensor:
    """Return s + sigmoid(c) (f(u) - s) for [c; u] (B, 2D)."""
    gate, update = both.chunk(2, -1)
    return torch.lerp(state, activation(update), gate.sigmoid())


def offset(node: int) -> int:
    """Return the row of alpha that belongs to node i's first predecessor."""
    return node * (node - 1) // 2


class RecurrentCell(nn.Module):
    """The weights W_0 (2D, 2D) and W_1 ... W_I (I, D, 2D), and the loop over time."""

    def __init__(self, nodes: int, width: int) -> None:
        super().__init__()
        self.root = nn.Parameter(torch.empty(2 * width, 2 * width))
        self.nodes = nn.Parameter(torch.empty(nodes, width, 2 * width))

    @property
    def products(self) -> float:
        """How many times a state is multiplied by one W_i in a time step."""
        return len(self.nodes)

    def unrolled(
        self,
        x: Tensor,
        hidden: Tensor,
        masks: CellMasks | None,
        rest: Callable[[Tensor, Tensor | None], Tensor],
    ) -> Tensor:
        """Return h_1 ... h_T (T, B, D) from x (T, B, D) and h_0 (B, D); `rest` has s_0 -> h_t.

        What x contributes to [c; u] does not wait for h, so it is one product for all steps.
        """
        m_x, m_h = (None, None) if masks is None else (masks.x, masks.hidden)
        from_x, from_h = self.root.chunk(2)
        outputs = []
        for arriving in (masked(x, m_x) @ from_x).unbind():
            both = torch.addmm(arriving, masked(hidden, m_h), from_h)
            hidden = rest(highway(hidden, both, torch.tanh), m_h)
            outputs.append(hidden)
        return torch.stack(outputs)


class DiscreteCell(RecurrentCell):
    """A cell with one predecessor and one activation for each node; no normalisation."""

    def __init__(self, genotype: Recurrent, width: int) -> None:
        super().__init__(len(genotype.nodes), width)
        self.genotype = genotype

    def forward(self, x: Tensor, hidden: Tensor, masks: CellMasks | None = None) -> Tensor:
        """Return h_1 ... h_T (T, B, D) from x (T, B, D) and h_0 (B, D)."""
        return self.unrolled(x, hidden, masks, self._rest)

    def _rest(self, root: Tensor, mask: Tensor | None) -> Tensor:
        states, inputs = [root], [masked(root, mask)]
        for weight, (name, j) in zip(self.nodes.unbind(), self.genotype.nodes, strict=True):
            states.append(highway(states[j], inputs[j] @ weight, ACTIVATIONS[name]))
            inputs.append(masked(states[-1], mask))
        kept = [states[i] for i in self.genotype.concat]
        return torch.stack(kept).mean(0)


class MixedRecurrentCell(RecurrentCell):
    """The search cell, edge by edge: every edge mixes all activations; the readable form.

    s_0 and every node are normalised over the batch, without a scale of their own and without
    running statistics; the cell that is derived has no normalisation.
    """

    normalise = True

    @property
    def products(self) -> float:
        """One for each edge."""
        return offset(len(self.nodes) + 1)

    def forward(
        self, x: Tensor, hidden: Tensor, masks: CellMasks | None, weights_EO: Tensor
    ) -> Tensor:
        """Return h_1 ... h_T (T, B, D); weights are softmaxed rows of alpha (DARTS, Sec. 2.2)."""

        def rest(root: Tensor, mask: Tensor | None) -> Tensor:
            return self._rest(root, mask, weights_EO)

        return self.unrolled(x, hidden, masks, rest)

    def _rest(self, root: Tensor, mask: Tensor | None, weights_EO: Tensor) -> Tensor:
        states = [self._normalised(root)]
        for i, weight in enumerate(self.nodes.unbind(), start=1):
            total = torch.zeros_like(root)
            for j, state in enumerate(states):
                both = masked(state, mask) @ weight
                for share, name in zip(weights_EO[offset(i) + j], OPERATIONS, strict=True):
                    if name != "none":
                        total = total + share * highway(state, both, ACTIVATIONS[name])
            states.append(self._normalised(total))
        return torch.stack(states[1:]).mean(0)

    def _normalised(self, state: Tensor) -> Tensor:
        return F.batch_norm(state, None, None, training=True) if self.normalise else state
