"""A training step of AmoebaNet-A in the authors' network on CIFAR-10, on a small batch."""

from __future__ import annotations

from harness.pair import Pair
from papers.amoebanet.images.config import NativePublished
from papers.amoebanet.published.cells import CELLS
from papers.cells.network.nasnet import Layout, Network
from papers.cells.speed.child_bench import image_child

CHANNELS = NativePublished.child_channels


def pairs() -> list[Pair]:
    """Return the step in both layouts in memory."""
    return [image_child(f"AmoebaNet-A in NASNet's network, C={CHANNELS}, N=6", network, 8)]


def network() -> Network:
    """Return it with bottlenecks and without its second classifier."""
    return Network(Layout(CELLS["A"], CHANNELS, bottlenecks=True))
