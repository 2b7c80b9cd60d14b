"""How large the networks of NASNet-A are, in DARTS's form and in the paper's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from papers.cells.network.nasnet import Layout, mobile
from papers.cells.network.sizes import Counts, in_darts, in_nasnet, row
from papers.cells.space.published import PUBLISHED

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.nasnet.published.config import Sizes

CELLS = {
    "slim": PUBLISHED["NASNet_A_slim"].genotype,
    "listed": PUBLISHED["NASNet_A_darts"].genotype,
}
LARGE_CLASSES = 1001


def run(config: Sizes, trial: Trial) -> Iterator[Row]:
    """Count all networks; names say cell, network and place."""
    found: dict[str, Counts] = {}
    for name, cell in CELLS.items():
        found[f"{name}_darts_cifar"] = in_darts(cell, config.channels, config.layers)
        found[f"{name}_darts_imagenet"] = in_darts(cell, config.wide, config.deep, "imagenet")
        found[f"{name}_darts_own"] = in_darts(cell, config.own, config.layers)
        found[f"{name}_darts_search"] = in_darts(cell, config.few, config.shallow)
    slim = CELLS["slim"]
    found["own_cifar"] = in_nasnet(Layout(slim, config.own), 32)
    found["own_mobile"] = in_nasnet(mobile(slim, config.mobile), 224)
    large = Layout(slim, config.large, classes=LARGE_CLASSES, stem="imagenet", stem_channels=96)
    found["own_large"] = in_nasnet(large, config.side)
    yield row(found)
