"""The search cell with one product a state: the same numbers as `MixedRecurrentCell`, fewer calls.

A state s_j is read by all later nodes, through W_{j+1} ... W_I: side by side these are one matrix.
And since an edge mixes its activations linearly,

    sum_o p_o (s + sigmoid(c) (f_o(u) - s)) = P s + sigmoid(c) (sum_o p_o f_o(u) - P s),

with P the sum of the p_o but that of none: one gate and one blend for all operations of an edge.

Shapes: T time steps, B streams, D width, I nodes, R nodes that read a state, E edges,
O operations.
"""

from __future__ import annotations

import torch
from torch import Tensor

from papers.text.cell import ACTIVATIONS, CellMasks, MixedRecurrentCell, masked, offset


class FastMixedRecurrentCell(MixedRecurrentCell):
    """`MixedRecurrentCell`, its edges grouped by the state that they read."""

    def forward(
        self, x: Tensor, hidden: Tensor, masks: CellMasks | None, weights_EO: Tensor
    ) -> Tensor:
        """Return h_1 ... h_T (T, B, D); weights are softmaxed rows of alpha (DARTS, Sec. 2.2)."""
        nodes, width = self.nodes.shape[:2]
        halves = self.nodes.unflatten(2, (2, width)).permute(1, 2, 0, 3)  # (D, 2, I, D)
        readers = [halves[:, :, j:].reshape(width, -1) for j in range(nodes)]
        shares = [mixed(weights_EO, nodes, width, j) for j in range(nodes)]

        def rest(root: Tensor, mask: Tensor | None) -> Tensor:
            state, total, states = self._normalised(root), None, []
            for weight, share in zip(readers, shares, strict=True):
                both = (masked(state, mask) @ weight).view(len(state), 2, -1, width)
                arriving = blend(state, both, *share)
                total = arriving if total is None else total + arriving
                own, total = total.split((1, total.shape[1] - 1), 1)
                state = self._normalised(own[:, 0])
                states.append(state)
            return torch.stack(states).mean(0)

        return self.unrolled(x, hidden, masks, rest)


Activated = tuple[Tensor, ...]  # one tensor for each activation
Shares = tuple[Activated, Tensor]


def mixed(weights_EO: Tensor, nodes: int, width: int, state: int) -> Shares:
    """Return the weights of the R edges that read a state, (R, D) for each activation, and P.

    They are the same in all D columns: written out, they are read as fast as the states are.
    """
    rows = [offset(node) + state for node in range(state + 1, nodes + 1)]
    chosen = weights_EO[rows].T[1:, :, None]  # all but none
    return chosen.repeat(1, 1, width).unbind(), chosen.sum(0).repeat(1, width)


def blend(state: Tensor, both: Tensor, own: Activated, total: Tensor) -> Tensor:
    """Return what all edges from a state (B, D) bring, (B, R, D), from [c; u] (B, 2, R, D).

    `own` and `total` are their weights and P, as `mixed` returns them.
    """
    gate, update = both.unbind(1)
    first, *others = (p * f(update) for p, f in zip(own, ACTIVATIONS.values(), strict=True))
    return torch.lerp(total * state[:, None], sum(others, first), gate.sigmoid())
