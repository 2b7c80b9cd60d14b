"""GDAS's search of node cells: one operation runs on each of a cell's 14 edges.

Shapes: E edges, O operations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from papers.cells.network.counting import multiply_adds
from papers.cells.rows import Rows, Seed
from papers.cells.space.genotype import Genotype
from papers.cells.supernet.node import Design, Weights
from papers.cells.supernet.shared import NodeSearch
from papers.gdas.config import Gdas
from papers.gdas.derivation import agreement, derive, repeats
from papers.gdas.halves import Halves
from papers.gdas.method import method
from papers.gdas.sampler import Sampler


class Sampled(NodeSearch):
    """A search network that runs samples; `way` is how the cell that it returns is derived."""

    def __init__(
        self, design: Design, config: Gdas, rows: Rows, batch: int, seed: Seed, way: str
    ) -> None:
        self.sampler, self.halves, self.way = Sampler(config, seed("gumbel")), Halves(), way
        super().__init__(design, config, rows, batch, seed, method(config, self.sampler))

    @property
    def stateful(self) -> dict[str, Any]:
        """Everything that a resumed trial restores, by name."""
        return {**super().stateful, "sampler": self.sampler, "halves": self.halves}

    def step(self, turn: int, horizon: int) -> None:
        """Update w on a sample, then alpha on another, at the turn's temperature."""
        self.sampler.cool(turn, horizon)
        super().step(turn, horizon)
        self.halves.note(self.relaxation, turn, horizon)

    @property
    @torch.no_grad()
    def flops(self) -> float:
        """FLOPs of a step in the mean over uniform samples: one of O operations on an edge."""
        stream = self.streams["train"]
        x = self.rows.plain(torch.zeros_like(stream.part.x[:2]))
        bare: Weights = [None] * len(self.design.edges)

        def macs(*choice: Weights) -> float:
            return multiply_adds(self.supernet, lambda: self.supernet(x, *choice)) / len(x)

        none, whole = macs(bare, bare), macs(*self.weights)
        width = self.weights[0].shape[1]
        return 3 * 2 * self.method.passes * (none + (whole - none) / width) * stream.batch

    # -- what it has come to ----------------------------------------------------------------------

    @property
    def genotype(self) -> Genotype:
        """The discrete cells that alpha stands for now."""
        return derive(self.way, *self.weights, self.design)

    def discrete_error(self, genotype: Genotype | None = None, part: Any = None) -> float:
        """Return the error of the paper's cell: a path has one operation on an edge."""
        return super().discrete_error(genotype or self._derived("paper"), part)

    def row(self) -> dict[str, float]:
        """Return how far the search has come.

        `temperature` is tau; `repeats`: nodes with two operations on one edge, as the release
        derives them;
        `derivations_agree`: share of the paper's edges that the release's cell has, too;
        `halves_agree`: the same of the cells of both halves of the last epochs.
        """
        paper, release = self._derived("paper"), self._derived("release")
        values = {
            **super().row(),
            "temperature": self.sampler.tau,
            "repeats": float(repeats(release)),
            "derivations_agree": agreement(paper, release),
        }
        halves = self.halves.derived(self._of)
        return values | ({"halves_agree": agreement(*halves)} if halves else {})

    def both(self) -> dict[str, str]:
        """Return the cell in both ways of deriving it, as texts."""
        return {f"cell_{way}": self._derived(way).text for way in ("paper", "release")}

    def _derived(self, way: str) -> Genotype:
        return derive(way, *self.weights, self.design)

    def _of(self, weights: Mapping[str, Tensor]) -> Genotype:
        return derive("paper", weights["normal"], weights["reduce"], self.design)
