"""Hypernetworks on ImageNet, with where their numbers come from.

[P] GHN-2 (arXiv:2110.13100), [C] its authors' code, [I] their words in its issues, [ours].
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, positive, require, within
from papers.cells.child.imagenet_config import IMAGENET, PIXELS, ROWS
from papers.ghn2.config import SPLITS, Evaluation, Training

CLASSES = 1000
SMALLEST = {IMAGENET: 732, PIXELS: 2}  # training images of the class that has the fewest
SIDES = {"deepnets": (128, 512), "mini": (16, 512)}  # pixels that their networks take
HELD_OUT = 50  # [C] the last images of each class
BATCH = 256  # [C]
EPOCH = -(-(ROWS[IMAGENET] - CLASSES * HELD_OUT) // BATCH)  # batches; the last is a short one


@dataclass(frozen=True)
class ImageNet(Training):
    """A hypernetwork on ImageNet; the defaults are GHN-2's.

    `held_out` images of each class judge `watched` validation networks every `eval_every` turns.
    At the end `networks` unseen ones in distribution and `others` of each other split are judged
    on the images that the authors test on, `at_once` of them in one reading of the files.
    """

    dataset: str = IMAGENET
    style: str = "deepnets"  # or mini: our small networks
    side: int = 224  # [P]
    steps: int = 150 * EPOCH  # [I] 150 epochs of meta-batches of eight
    batch: int = BATCH  # [C]
    smoothing: float = 0.1  # [C]
    held_out: int = HELD_OUT  # [C]
    splits: tuple[str, ...] = SPLITS
    networks: int = 500  # [P]
    others: int = 100  # [P]
    predefined: bool = True  # [P] ResNet-50 and a vision transformer
    watched: int = 4  # [ours]
    eval_every: int = EPOCH  # [ours]; changes no result
    eval_batch: int = 64  # [C] statistics of batch norm are those of a test batch
    at_once: int = 50  # [ours]; changes no result
    workers: int = 8  # [ours] processes that decode; changes no result

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.dataset, SMALLEST, "data set of ImageNet's networks")
        low, high = SIDES[require(self.style, SIDES, "style")]
        within(self, "side", low, high)
        positive(self, "at_once")
        within(self, "workers", 0)
        fewest = SMALLEST[self.dataset]
        if not 1 <= self.held_out < fewest:
            near = min(max(self.held_out, 1), fewest - 1)
            raise Refused(
                f"held_out={self.held_out}: a class of '{self.dataset}' has {fewest} training "
                f"images, and some must be left; the nearest is {near}"
            )
        if self.predefined and self.style == "mini":
            raise Refused("predefined=true: small networks have none; say predefined=false")
        _ = self.evaluation  # which refuses what it cannot be

    @property
    def evaluation(self) -> Evaluation:
        """What is judged, as the other studies say it."""
        return Evaluation(
            self.splits,
            self.networks,
            self.others,
            watched=self.watched,
            eval_every=self.eval_every,
            eval_batch=self.eval_batch,
        )
