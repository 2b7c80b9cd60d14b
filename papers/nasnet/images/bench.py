"""A training step of NASNet-A in the authors' network on CIFAR-10, on a small batch."""

from __future__ import annotations

from harness.pair import Pair
from papers.cells.network.nasnet import Layout, Network
from papers.cells.space.published import PUBLISHED
from papers.cells.speed.child_bench import image_child


def pairs() -> list[Pair]:
    """Return the step in both layouts in memory."""
    return [image_child("NASNet-A in NASNet's network, C=32, N=6", network, 8)]


def network() -> Network:
    """Return it without its second classifier."""
    return Network(Layout(PUBLISHED["NASNet_A_slim"].genotype))
