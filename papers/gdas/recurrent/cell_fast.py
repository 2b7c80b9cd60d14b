"""The sampled search cell with one product a node: the numbers of `SampledCell`, fewer calls.

W_i is shared by all edges into node i, so the states that it reads are put under one another,
those with the same activation together: one product, one gate, one call of each activation drawn.

Shapes: T time steps, B streams, D width, R edges into a node that run, E edges, O operations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor

from papers.gdas.recurrent.cell import SampledCell
from papers.text.cell import ACTIVATIONS, OPERATIONS, CellMasks, masked, offset


class FastSampledCell(SampledCell):
    """`SampledCell`, its edges grouped by the node that they lead to."""

    def _sampled(
        self, x: Tensor, hidden: Tensor, masks: CellMasks | None, weights_EO: Tensor
    ) -> Tensor:
        places, weights = weights_EO.argmax(1).tolist(), self.nodes.unbind()
        nodes = [Arriving.of(places, weights_EO, i + 1) for i in range(len(weights))]

        def rest(root: Tensor, mask: Tensor | None) -> Tensor:
            states = [self._normalised(root)]
            inputs = [masked(states[0], mask)]
            for node, weight in zip(nodes, weights, strict=True):
                total = node.total(states, inputs, weight) if node.groups else 0 * root
                states.append(self._normalised(total))
                inputs.append(masked(states[-1], mask))
            return torch.stack(states[1:]).mean(0)

        return self.unrolled(x, hidden, masks, rest)


@dataclass(frozen=True)
class Arriving:
    """The edges into a node that run: activations with how many have them, states, weights (R)."""

    groups: tuple[tuple[str, int], ...]
    states: tuple[int, ...]
    shares: Tensor

    @classmethod
    def of(cls, places: Sequence[int], weights_EO: Tensor, node: int) -> Arriving:
        """Return those of a node, in the order of their activations.

        Args:
            places: the operation that each edge has drawn.
            weights_EO: the sample.
            node: its number, from 1.
        """
        first = offset(node)
        own = sorted((place, state) for state, place in enumerate(places[first : first + node]))
        running = [(place, state) for place, state in own if OPERATIONS[place] != "none"]
        groups = groupby(OPERATIONS[place] for place, _ in running)
        shares = weights_EO[
            [first + state for _, state in running], [place for place, _ in running]
        ]
        return cls(
            tuple((name, len(list(same))) for name, same in groups),
            tuple(state for _, state in running),
            shares,
        )

    def total(self, states: Sequence[Tensor], inputs: Sequence[Tensor], weight: Tensor) -> Tensor:
        """Return the sum of what they bring (B, D), from states and masked states (B, D) each."""
        read = torch.cat([states[j] for j in self.states])  # (R B, D)
        gate, update = (torch.cat([inputs[j] for j in self.states]) @ weight).chunk(2, -1)
        rows = len(read) // len(self.states)
        parts = update.split([rows * count for _, count in self.groups])
        activated = torch.cat(
            [ACTIVATIONS[name](part) for (name, _), part in zip(self.groups, parts, strict=True)]
        )
        brought = torch.lerp(read, activated, gate.sigmoid())
        return (self.shares[None] @ brought.view(len(self.states), -1)).view_as(states[0])
