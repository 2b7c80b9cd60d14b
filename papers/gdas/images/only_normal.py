"""GDAS's search beside a reduction cell that is given: the normal cell alone is searched.

Dong & Yang 2019, arXiv:1910.04465, GDAS (FRC). In the search network an edge of the given cell has
one operation, so that alpha has nothing to choose there; all numbers are the normal cell's.

Shapes: E edges, O operations.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from papers.cells.network.counting import multiply_adds
from papers.cells.space.genotype import Genotype
from papers.cells.space.hand_made import HAND_MADE
from papers.cells.supernet.derivation import only
from papers.cells.supernet.node import Weights
from papers.gdas.derivation import WAYS
from papers.gdas.node_search import Sampled

GIVEN = only(HAND_MADE)  # the operations of a reduction cell's edges
AGREEMENTS = ("derivations_agree", "halves_agree")
TINY = 1e-12  # keeps the logarithm of a weight finite


class OnlyNormal(Sampled):
    """A search of the normal cell; its design's reduction cell has the edges `GIVEN`."""

    @property
    def genotype(self) -> Genotype:
        """The normal cell that alpha stands for now, and the given one."""
        return self._derived(self.way)

    def _derived(self, way: str) -> Genotype:
        return self._with(way, self.weights[0])

    def _of(self, weights: Mapping[str, Tensor]) -> Genotype:
        return self._with("paper", weights["normal"])

    def _with(self, way: str, normal: Tensor) -> Genotype:
        cell = WAYS[way](normal, self.design, self.design.operations(False))
        return Genotype.of(cell, HAND_MADE)

    def row(self) -> dict[str, float]:
        """Return how far the search has come; the given cell is in none of the numbers."""
        values, rows = super().row(), self.weights[0]
        values["alpha_entropy"] = float(-(rows * rows.clamp_min(TINY).log()).sum(1).mean())
        values["alpha_max"] = float(rows.amax(1).mean())
        for name in AGREEMENTS:  # of 16 pairs, of which the given cell's eight always agree
            if name in values:
                values[name] = 2 * values[name] - 1
        return values

    @property
    @torch.no_grad()
    def flops(self) -> float:
        """FLOPs of a step in the mean over uniform samples: the given cell runs in all of them."""
        stream, (normal, reduce) = self.streams["train"], self.weights
        x = self.rows.plain(torch.zeros_like(stream.part.x[:2]))

        def macs(chosen: Weights) -> float:
            return multiply_adds(self.supernet, lambda: self.supernet(x, chosen, reduce)) / len(x)

        none, whole = macs([None] * len(self.design.edges)), macs(normal)
        sampled = none + (whole - none) / normal.shape[1]
        return 3 * 2 * self.method.passes * sampled * stream.batch
