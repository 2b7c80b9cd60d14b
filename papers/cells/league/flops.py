"""What a search with all operations at once costs, in FLOPs and in trained children.

A pass is a forward and a backward pass of the mixture: 3 * 2 M FLOPs a row, for M multiply-adds of
all operations together.

Symbols: M multiply-adds.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from papers.cells.child.mnist1d import RECIPE, Recipe
from papers.cells.league.costs import training_flops
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
    """Return the FLOPs of training a random child, in the mean over codes."""
    macs = [light.macs(league.space, code) for code in league.classes.representatives]
    mean = float(np.average(macs, weights=league.weights))
    return training_flops(1, recipe.steps * recipe.batch) * mean


def children(league: League, passes: int, steps: int, batch: int) -> float:
    """Return how many trained children cost as much as a search."""
    return steps * step_flops(league.space, passes, batch) / child_flops(league)
