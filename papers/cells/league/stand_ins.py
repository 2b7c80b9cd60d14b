"""Cells that nobody searched for, beside which every search stands: what they reach is free.

A stand-in is a rule that names allowed cells without training or truth. Where it names several
that are equal by it, it is worth what one of them drawn uniformly is worth in the mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from papers.cells.league.costs import Costs
from papers.cells.league.ranking import sample
from papers.cells.network import light
from papers.cells.space.allowed import Allowed
from papers.cells.space.edge import KERNELS, Code, EdgeSpace

if TYPE_CHECKING:
    from harness.paper import Row
    from papers.cells.league.league import League

Rule = Callable[[Allowed], Sequence[Code]]


def most(codes: Sequence[Code], size: Callable[[Code], int]) -> list[Code]:
    """Return the codes of the greatest size."""
    sizes = [size(code) for code in codes]
    return [code for code, own in zip(codes, sizes, strict=True) if own == max(sizes)]


def largest(allowed: Allowed) -> list[Code]:
    """Return the cells of the most multiply-adds."""
    return most(allowed.codes, lambda code: light.macs(allowed.space, code))


def deepest(allowed: Allowed) -> list[Code]:
    """Return those of the largest cells that have the most convolutions in series."""
    return most(largest(allowed), lambda code: depth(allowed.space, code))


def parameters(allowed: Allowed) -> list[Code]:
    """Return the cells of the most parameters."""
    return most(allowed.codes, lambda code: light.parameters(allowed.space, code))


def constant(allowed: Allowed) -> list[Code]:
    """Return the cell with the widest convolution on every edge, or on the first ones allowed.

    Where a limit allows no more, the other edges are skip connections.
    """
    space = allowed.space
    widest = max((op for op in space.ops if op in KERNELS), key=KERNELS.__getitem__)
    count = len(space.edges) if allowed.limit is None else allowed.limit
    return [space.code(tuple(widest if e < count else "skip" for e in range(len(space.edges))))]


def mean_random(allowed: Allowed) -> Sequence[Code]:
    """Return all cells: one draw, in the mean."""
    return allowed.codes


STAND_INS: Mapping[str, Rule] = {
    rule.__name__: rule for rule in (largest, deepest, parameters, constant, mean_random)
}


def unsearched(league: League) -> float:
    """Return the lowest regret of the stand-ins."""
    return min(
        fmean(league.regret(code) for code in rule(league.allowed)) for rule in STAND_INS.values()
    )


def depth(space: EdgeSpace, code: Code) -> int:
    """Return how many convolutions lie in series on some way from the input to the output.

    A way ends at an edge without an operation.
    """
    names = dict(zip(space.edges, space.names(code), strict=True))
    reached = [0]
    for target in range(1, space.nodes):
        ways = [
            reached[source] + (names[source, target] in KERNELS)
            for source in range(target)
            if names[source, target] != "none" and reached[source] >= 0
        ]
        reached.append(max(ways, default=-1))
    return max(reached[-1], 0)


def row(league: League, kind: str, ranked: int) -> Row:
    """Return the league's row of a stand-in, in the mean over its cells; nothing is charged.

    `cells`: how many it names. Parameter counts rank cells, too: `tau` is over `ranked` of them,
    under the names that rankings of searches have beside that of parameters.
    """
    codes = STAND_INS[kind](league.allowed)
    rows = [league.row(code) for code in codes]
    found: dict[str, float | str] = {
        "charged_steps": 0.0,
        "charged_flops": 0.0,
        **{name: float(np.mean([row[name] for row in rows])) for name in rows[0]},
        "true_error": float(np.mean([1 - row["true_accuracy"] for row in rows])),
        "equivalent_children": float(np.mean([1 / (1 - row["percentile"]) for row in rows])),
        "search_children": Costs().flops,
        "cells": float(len(codes)),
        "cell": league.space.text(codes[0]),
    }
    if kind == "parameters":
        drawn = sample(league, ranked)
        sizes = [float(light.parameters(league.space, code)) for code in drawn]
        own = league.agreement(drawn, sizes)
        found |= {**own, **{f"{name}_parameters": value for name, value in own.items()}}
    return found
