"""How many weights and multiply-adds the published cells have in the networks of the paper."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch

from harness.training import metrics
from papers.cells.network import hand_made
from papers.cells.network.counting import multiply_adds
from papers.cells.network.darts import Layout, Network
from papers.cells.space.published import HAND_REDUCED, PUBLISHED

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.gdas.published.config import Sizes

SIDES = {"cifar": 32, "imagenet": 224}


def run(config: Sizes, trial: Trial) -> Iterator[Row]:
    """Count the networks of both cells for CIFAR-10, and of the first for ImageNet."""
    v1, f1 = PUBLISHED["GDAS_V1"].genotype, HAND_REDUCED["GDAS_F1"].genotype
    layouts = {
        "v1": Layout(v1, config.channels, config.layers),
        "f1": Layout(f1, config.channels, config.layers),
    }
    for channels in config.wide:
        layouts[f"v1_imagenet_{channels}"] = Layout(
            v1, channels, config.deep, 1000, stem="imagenet"
        )
    row: dict[str, float] = {}
    for name, layout in layouts.items():
        row |= {f"{name}_{what}": count for what, count in counted(layout).items()}
    yield row


@torch.no_grad()
def counted(layout: Layout) -> dict[str, int]:
    """Return weights and multiply-adds of a network without second classifier, from shapes."""
    side = SIDES[layout.stem]
    with torch.device("meta"), hand_made.available():
        network = Network(layout).eval()
        x = torch.empty(1, layout.inputs, side, side)
    macs = multiply_adds(network, lambda: network(x))
    return {"parameters": metrics.parameters(network), "multiply_adds": macs}
