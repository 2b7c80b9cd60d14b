"""What an architecture is worth: its network trained on real data, for long.

The loop is that of `papers.cells.child.cifar`: crops, flips, clipped SGD under a cosine to 0, no
second classifier; batch norms have running statistics, and weight norm does nothing before them.
"""

from __future__ import annotations

from typing import cast

from papers.cells.child import cifar
from papers.cells.child.cifar_images import CifarImages
from papers.cells.child.images import ImageChild
from papers.cells.network.darts import Network
from papers.cells.rows import Seed
from papers.gtn.cifar.config import CifarSearch
from papers.gtn.cifar.learners import MacroLearner
from papers.gtn.cifar.network import MacroNetwork


class Truth(ImageChild):
    """An architecture in training."""

    def __init__(
        self, learner: MacroLearner, config: CifarSearch, found: CifarImages, seed: Seed
    ) -> None:
        network: MacroNetwork = learner.built(seed("init"), str(found.train.x.device))
        self.learner, self.images, self.genotype = learner, found, learner.genotype
        recipe = config.recipe
        arranged = cifar.arranged(cast(Network, network), recipe)
        self.training = cifar.Training(arranged, recipe, found.train, seed)

    @property
    def flops(self) -> float:
        """FLOPs of an update: three times a forward pass."""
        batch = min(self.training.recipe.batch, len(self.images.train.y))
        return 6.0 * self.learner.counts["multiply_adds"] * batch
