"""How many weights and multiply-adds networks of published cells have, from shapes alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import nn

from harness.training import metrics
from papers.cells.network import darts, nasnet
from papers.cells.network.counting import multiply_adds
from papers.cells.space.genotype import Genotype

Counts = dict[str, int]


def in_darts(genotype: Genotype, channels: int, layers: int, stem: str = "cifar") -> Counts:
    """Count DARTS's evaluation network of a cell, for CIFAR-10 or ImageNet."""
    classes, side = (1000, 224) if stem == "imagenet" else (10, 32)
    layout = darts.Layout(genotype, channels, layers, classes, stem=stem)
    return counted(lambda: darts.Network(layout), layout.inputs, side)


def in_nasnet(layout: nasnet.Layout, side: int) -> Counts:
    """Count NASNet's or AmoebaNet's own network, on images of so many pixels a side."""
    return counted(lambda: nasnet.Network(layout), layout.inputs, side)


@torch.no_grad()
def counted(build: Callable[[], nn.Module], inputs: int, side: int) -> Counts:
    """Count weights, and multiply-adds of convolutions and linear layers, for one image."""
    with torch.device("meta"):
        network = build().eval()
        x = torch.empty(1, inputs, side, side)
    macs = multiply_adds(network, lambda: network(x))
    return {"parameters": metrics.parameters(network), "multiply_adds": macs}


def row(named: Mapping[str, Counts]) -> Counts:
    """Return the counts of several networks as one row."""
    return {f"{name}_{what}": count for name, own in named.items() for what, count in own.items()}
