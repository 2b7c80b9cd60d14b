"""A published cell in NASNet's own network, trained from scratch on images: without a search.

The training is that of `papers.cells.child.cifar`: a network, its second classifier and drop path
are all that differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, cast

import torch

from harness.training import device
from papers.cells.child import cifar
from papers.cells.child.images import ImageChild, ImageTestbed, read
from papers.cells.child.retrained import RETRAIN, result
from papers.cells.child.testbed import Kept, Training, train
from papers.cells.network import darts
from papers.cells.network.counting import multiply_adds
from papers.cells.network.nasnet import Layout, Network
from papers.cells.space.genotype import Genotype
from papers.cells.space.record import keep_genotype

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.cells.child.native_config import NativeChildren


class NativeChild(ImageChild):
    """An untrained network of NASNet's with what judges it."""

    @property
    @torch.no_grad()
    def flops(self) -> float:
        """FLOPs of an average update, from shapes alone: three times the forward pass."""
        network = cast(Network, self.training.network)
        rows = self.images.train.x
        with torch.device("meta"):
            bare = Network(network.layout)
            x = torch.empty(2, *rows.shape[1:])
        macs = multiply_adds(bare, lambda: bare(x)) / len(x)
        return 3 * 2 * macs * len(rows) / len(self.training.rows)


def run(
    cell: Genotype, name: str, config: NativeChildren, bottlenecks: bool, trial: Trial
) -> Iterator[Row]:
    """Train a cell, and test it after the last step."""
    bed, kept, recipe = ImageTestbed.load(config, trial.device), Kept(), config.recipe
    trial.uses(bed.rows.dataset, bed.rows.digest)
    trial.restore(kept=kept)
    seed = partial(trial.stream, RETRAIN)
    layout = Layout(
        cell, recipe.channels, recipe.layers, auxiliary=recipe.auxiliary > 0,
        bottlenecks=bottlenecks,
    )  # fmt: skip

    def begin() -> NativeChild:
        with device.seeded(seed("init")):
            network = cast(darts.Network, Network(layout))  # it answers as DARTS's does
        arranged = cifar.arranged(network.to(trial.device), recipe)
        images = read(config, trial.device, recipe.left_out("test"), recipe.split_seed)
        return NativeChild(cifar.Training(arranged, recipe, images.train, seed), images, cell)

    yield from train(Training(RETRAIN, begin, bed.parts, config.child_every), trial, kept)
    final = result(kept)
    error = f"test error {100 * final['test_error']:.1f} %"
    keep_genotype(trial.artifacts, cell, f"{error}: {name}, trained from scratch")
    yield {**final, "cell": cell.text, "dataset": bed.rows.dataset}
