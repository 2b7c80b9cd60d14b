"""What the authors chose for their t-SNE maps, with where they printed it.

[P] the paper (arXiv:2011.14439v5), [N] the authors' notebooks, [ours] not in the paper.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, positive, require, within
from papers.mnist1d.contrastive.config import Contrastive

DATASETS = ("mnist1d", "mnist", "digits")
METRICS = ("euclidean", "cosine")
EXAGGERATED = 250  # iterations of early exaggeration, before the others [N]; scikit-learn's too


@dataclass(frozen=True)
class Map:
    """One t-SNE map: how it is made and how it is read."""

    points: int = 5000  # [N] all of MNIST-1D; MNIST's own map has 70,000
    perplexity: float = 30.0  # [N] openTSNE's default
    iterations: int = 750  # [N] 250 with exaggeration 12, then 500
    metric: str = "euclidean"  # [N]
    neighbours: int = 10  # [ours] whose labels say how pure a place is
    drawn: int = 500  # [ours] points that the figure shows

    def __post_init__(self) -> None:
        require(self.metric, METRICS, "metric")
        positive(self, "points", "neighbours")
        within(self, "drawn", 0)
        if not 1 <= self.perplexity < self.points / 3:
            rule = "must be at least 1, and less than a third of the points"
            raise Refused(f"perplexity={self.perplexity}: {rule}")
        within(self, "iterations", EXAGGERATED)


@dataclass(frozen=True)
class Raw(Map):
    """A map of inputs as they are: signals, or the pixels of images."""

    dataset: str = "mnist1d"  # [N] mnist1d and mnist; digits are for tests, without a download

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.dataset, DATASETS, "dataset")


@dataclass(frozen=True)
class Learned(Map):
    """A map of z, what a contrastive network with the default head makes of the signals."""

    metric: str = "cosine"  # [N]
    epochs: int = 200  # [N]
    epoch_steps: int = 40  # [N] batches of 100 of the 4,000 train signals
    members: int = 3  # [ours] stacked seeds; [N] has one

    def __post_init__(self) -> None:
        super().__post_init__()
        self.training()

    def training(self) -> Contrastive:
        """Return how the network is trained: as in contrastive/default."""
        return Contrastive(
            "default", epochs=self.epochs, epoch_steps=self.epoch_steps, members=self.members
        )


def refuse_none(config: Map) -> None:
    """Refuse a figure without points."""
    positive(config, "drawn")


REFUSALS = {Map: refuse_none}  # asked by the plan, before any work
