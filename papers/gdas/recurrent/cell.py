"""The recurrent search cell under a sample: one operation on each edge, and only that one runs.

An edge that has drawn `none` adds nothing, so neither its product nor its gate is computed; a node
whose every edge has drawn it is 0. All activations of an edge read one product with W_i, so what a
sample saves is activations, and the products of edges without one.

Shapes: T time steps, B streams, D width, I nodes, E edges, O operations.
"""

from __future__ import annotations

import torch
from torch import Tensor

from papers.text.cell import ACTIVATIONS, OPERATIONS, CellMasks, highway, masked, offset
from papers.text.cell_fast import FastMixedRecurrentCell


class SampledCell(FastMixedRecurrentCell):
    """The readable form, edge by edge; weights that are no sample run as in every search cell."""

    @property
    def products(self) -> float:
        """One for each edge that has not drawn `none`: the mean over uniform samples."""
        return super().products * len(ACTIVATIONS) / len(OPERATIONS)

    def forward(
        self,
        x: Tensor,
        hidden: Tensor,
        masks: CellMasks | None,
        weights_EO: Tensor,
        sampled: bool = False,
    ) -> Tensor:
        """Return h_1 ... h_T (T, B, D).

        Where weights are `sampled`, each row has one number that is not 0. It multiplies what its
        operation brings, so that alpha's gradient comes through it (arXiv:1910.04465, Eq. 5).
        """
        if not sampled:
            return super().forward(x, hidden, masks, weights_EO)
        return self._sampled(x, hidden, masks, weights_EO)

    def _sampled(
        self, x: Tensor, hidden: Tensor, masks: CellMasks | None, weights_EO: Tensor
    ) -> Tensor:
        places = weights_EO.argmax(1).tolist()

        def rest(root: Tensor, mask: Tensor | None) -> Tensor:
            states = [self._normalised(root)]
            for i, weight in enumerate(self.nodes.unbind(), start=1):
                total = torch.zeros_like(root)
                for edge, state in enumerate(states, start=offset(i)):
                    name = OPERATIONS[places[edge]]
                    if name != "none":
                        both = masked(state, mask) @ weight
                        brought = highway(state, both, ACTIVATIONS[name])
                        total = total + weights_EO[edge, places[edge]] * brought
                states.append(self._normalised(total))
            return torch.stack(states[1:]).mean(0)

        return self.unrolled(x, hidden, masks, rest)
