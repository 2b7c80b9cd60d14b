"""What a search has gone through, evaluation by evaluation, and the trends in it.

Shapes: E edges, O operations.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any

import torch
from scipy.stats import kendalltau
from torch import Tensor

from papers.cells.space.genotype import Genotype
from papers.cells.supernet.bilevel import TINY, Tensors
from papers.cells.supernet.node import Edges
from papers.darts.robustness.early_stopping import Rule, verdict
from papers.darts.robustness.spaces import IDLE

TRENDS = {"skips": "skip_trend", "skip_gap": "gap_trend", "eigenvalue": "eigenvalue_trend"}


class History:
    """All evaluations so far, the cell of each, and where power iteration has come to."""

    def __init__(self, direction: Tensors, rule: Rule) -> None:
        self.direction, self.rule = direction, rule
        self.rows: list[dict[str, float]] = []
        self.cells: list[str] = []

    def note(self, row: dict[str, float], cell: Genotype) -> None:
        """Add an evaluation."""
        self.rows.append(row)
        self.cells.append(cell.text)

    def column(self, metric: str) -> list[float]:
        """Return one metric of all evaluations; nothing where it is not measured."""
        return [row[metric] for row in self.rows if metric in row]

    @property
    def stopped(self) -> int | None:
        """The evaluation at which early stopping says that the search had its cell."""
        return verdict(self.column("eigenvalue"), self.rule)

    def summary(self) -> dict[str, float]:
        """Return trends over the whole search, and what early stopping makes of it."""
        values = {name: trend(self.column(metric)) for metric, name in TRENDS.items()}
        sizes, window = [abs(value) for value in self.column("eigenvalue")], self.rule.window
        values["eigenvalue_ratio"] = fmean(sizes[-window:]) / max(fmean(sizes[:window]), TINY)
        place = self.stopped
        early = self.rows[-1 if place is None else place]
        values |= {"early_skips": early["skips"], "early_turn": early["turn"]}
        return values | {"early_val_error": early["val_error"], "stops": float(place is not None)}

    def state_dict(self) -> dict[str, Any]:
        """Return everything."""
        rows = [dict(row) for row in self.rows]
        return {"rows": rows, "cells": list(self.cells), "direction": list(self.direction)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another search was."""
        self.rows, self.cells = [dict(row) for row in state["rows"]], list(state["cells"])
        pairs = zip(state["direction"], self.direction, strict=True)
        self.direction = tuple(saved.to(own) for saved, own in pairs)


def trend(values: Sequence[float]) -> float:
    """Return Mann and Kendall's tau of values against their order; 0 of such as never change."""
    if len(set(values)) < 2:
        return 0.0
    return float(kendalltau(range(len(values)), values).statistic)


def noises(genotype: Genotype, edges: Edges) -> dict[str, float]:
    """Return how many of the normal cell's eight operations are noise, where noise is offered."""
    if not any("noise" in ops for ops in edges):
        return {}
    return {"noises": float([op for op, _ in genotype.normal].count("noise"))}


def gap(weights_EO: Tensor, edges: Edges) -> float:
    """Return mean(alpha_idle - alpha_conv), softmaxed, over edges that have both (DARTS-PT).

    Idle is a skip connection, or noise; where an edge has several convolutions, their mean counts.
    """
    gaps = []
    for row, ops in zip(weights_EO, edges, strict=True):
        idle = [row[place] for place, op in enumerate(ops) if op in IDLE]
        convolutions = [row[place] for place, op in enumerate(ops) if "conv_" in op]
        if idle and convolutions:
            gaps.append(torch.stack(idle).mean() - torch.stack(convolutions).mean())
    return float(torch.stack(gaps).mean())
