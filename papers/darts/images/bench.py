"""Passes of the search network at the paper's size on CIFAR-10: loop, channels_last, fast form.

The loop in NCHW is the oracle. Its rival is the same loop in channels_last: what the authors' code
is with one line added. Aims are those that this project set itself, one number for each batch and
number of threads, with torch's kernels and, where there is a compiler, with compiled ones. And a
step of the network that its cells are judged in.
"""

from __future__ import annotations

from harness.pair import Pair
from harness.training import compiler
from papers.cells.network.darts import Layout, Network
from papers.cells.space.published import PUBLISHED
from papers.cells.speed.child_bench import image_child
from papers.cells.speed.supernet_bench import on_images

AIMS = {  # batch -> threads -> how much faster than the loop in channels_last
    1: {1: 1.0, 2: 1.0},
    4: {1: 1.0, 2: 1.0},
    16: {1: 1.6, 2: 1.3},
    64: {1: 1.8, 2: 1.6},
}


COMPILED = {  # the same with compiled kernels
    1: {1: 1.6},
    4: {1: 1.7},
    16: {1: 2.2, 2: 2.0},
    64: {1: 2.2, 2: 2.1},
}


def pairs() -> list[Pair]:
    """Return passes of each batch, with one thread and with two, and a child's."""
    compiled = COMPILED if compiler.found() else {}
    found = [
        pair
        for batch, aims in AIMS.items()
        for pair in on_images(batch, aims, compiled.get(batch, {}))
    ]
    return [*found, image_child("DARTS_V2, C=36, L=20", child, 8)]


def child() -> Network:
    """Return the network of the paper's evaluation phase, without its second classifier."""
    return Network(Layout(PUBLISHED["DARTS_V2"].genotype, 36, 20))
