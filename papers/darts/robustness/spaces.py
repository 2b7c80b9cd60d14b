"""The reduced spaces S1 to S4 (Zela et al. 2020, arXiv:1909.09656, Sec. 3): here searches fail.

Every edge has two operations or three: S1 the two that a search on the full space had ranked
highest (the authors' code), S2 skip connection or convolution, S3 the same with none, S4 noise or
convolution: a search that prefers noise has failed beyond doubt.

Edges are in the order of `papers.cells.supernet.node.Design.edges`.
"""

from __future__ import annotations

from dataclasses import replace

from harness.paper import require
from papers.cells.space.published import SHORT
from papers.cells.supernet.node import Design, Edges

NAMES = {**SHORT, "none": "none", "noise": "noise"}
NORMAL_S1 = (
    "skip dil3 | skip dil5 | skip dil5 | skip sep3 | skip dil3 | max skip | skip sep3 | "
    "skip sep3 | skip dil3 | skip sep3 | max skip | skip dil3 | dil3 dil5 | dil3 dil5"
)
REDUCE_S1 = (
    "max avg | max dil3 | max avg | max avg | skip dil5 | max avg | max sep3 | "
    "skip dil3 | skip dil5 | max avg | max avg | skip dil5 | skip dil5 | skip dil5"
)
EVERYWHERE = {"S2": "skip sep3", "S3": "none skip sep3", "S4": "noise sep3"}
IDLE = ("skip_connect", "noise")  # what has nothing to learn, and where collapsed searches end


def reduced(space: str, design: Design) -> Design:
    """Return a design of four nodes whose edges have the operations of a reduced space."""
    require(space, ("S1", *EVERYWHERE), "reduced space")
    if space == "S1":
        return replace(design, normal=edges(NORMAL_S1), reduce=edges(REDUCE_S1))
    everywhere = edges(" | ".join([EVERYWHERE[space]] * len(design.edges)))
    return replace(design, normal=everywhere, reduce=everywhere)


def edges(text: str) -> Edges:
    """Return the operations of edges written as `skip dil3 | skip dil5 | ...`."""
    return tuple(tuple(NAMES[name] for name in edge.split()) for edge in text.split("|"))
