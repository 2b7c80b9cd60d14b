"""What a search with all operations at once costs, in FLOPs and in trained children.

A pass is a forward and a backward pass of the mixture: 3 * 2 M FLOPs a row, for M multiply-adds of
all operations together.

Symbols: M multiply-adds.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from papers.cells.child.mnist1d import RECIPE, Recipe
from papers.cells.league.costs import Costs, training_flops
from papers.cells.league.league import League
from papers.cells.network import light
from papers.cells.space.edge import KERNELS, EdgeSpace


@lru_cache(maxsize=8)
def mixture_macs(space: EdgeSpace) -> int:
    """Return the multiply-adds of all operations of all edges, for one signal."""
    skips = tuple(space.ops.index("skip") for _ in space.edges)
    empty = light.macs(space, skips)
    whole = empty
    for edge in range(len(skips)):
        for op in sorted(set(space.ops) & set(KERNELS)):
            one = (*skips[:edge], space.ops.index(op), *skips[edge + 1 :])
            whole += light.macs(space, one) - empty
    return whole


def step_flops(space: EdgeSpace, passes: int, batch: int) -> float:
    """Return the FLOPs of a step that takes so many passes of the mixture."""
    return passes * training_flops(mixture_macs(space), batch)


def child_flops(league: League, recipe: Recipe = RECIPE) -> float:
    """Return the FLOPs of training and validating a random child, in the mean over codes."""
    one = Costs()
    one.child(1, recipe)
    return one.flops * mean_macs(league)


@lru_cache(maxsize=8)
def mean_macs(league: League) -> float:
    """Return the multiply-adds of a random cell's network, in the mean over codes."""
    return float(np.average([light.macs(league.space, c) for c in league.codes],
                            weights=league.counts))  # fmt: skip


def children(league: League, flops: float) -> float:
    """Return how many trained children cost as much as a search."""
    return flops / child_flops(league)
