"""How large the networks of the published cells are, in DARTS's form and in the paper's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from papers.amoebanet.published.cells import CELLS, LISTED
from papers.cells.network.nasnet import Layout
from papers.cells.network.sizes import Counts, in_darts, in_nasnet, row

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.amoebanet.published.config import Sizes

TPU_CLASSES = 1001


def run(config: Sizes, trial: Trial) -> Iterator[Row]:
    """Count all networks; names say cell, network and channels."""
    found: dict[str, Counts] = {}
    for name, cell in {"a_listed": LISTED, "a": CELLS["A"]}.items():
        found[f"{name}_darts_cifar"] = in_darts(cell, config.channels, config.layers)
        found[f"{name}_darts_imagenet"] = in_darts(cell, config.wide, config.deep, "imagenet")
        found[f"{name}_darts_search"] = in_darts(cell, config.few, config.shallow)
    for name, cell in CELLS.items():
        for channels in (*config.own, *(config.large if name == "B" else ())):
            layout = Layout(cell, channels, config.cells, bottlenecks=True)
            found[f"{name.lower()}_tpu_{channels}"] = in_nasnet(layout, 32)
    large = Layout(
        CELLS["A"], config.imagenet, config.cells, TPU_CLASSES,
        stem="imagenet", stem_channels=32, bottlenecks=True,
    )  # fmt: skip
    found["a_tpu_imagenet"] = in_nasnet(large, config.side)
    yield row(found)
