"""Meta-training on images; the defaults are the authors' MNIST configuration, with 32 steps."""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, positive, require, within
from papers.gtn.config import Teaching
from papers.gtn.signals.config import refuse_labelled

SETS = ("mnist", "fashion_mnist")
TRAIN = 50_000  # [C] rows; the other 10,000 of the stored training part validate
POOLINGS, HEADS = ("stride", "max"), ("flat", "mean")


@dataclass(frozen=True)
class ImageTeaching(Teaching):
    """A meta-training on images."""

    dataset: str = "mnist"
    channels: tuple[int, ...] = (64, 128)  # [C] base_fc
    hidden: int = 256  # [C] base_fc; 0: no hidden layer
    pooling: str = "max"  # [C] base_fc; "stride": [ours] four times as fast
    head: str = "flat"  # [C] base_fc
    tested: int = 10_000  # test rows

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.dataset, SETS, "dataset")
        require(self.pooling, POOLINGS, "pooling")
        require(self.head, HEADS, "head")
        positive(self, "tested")
        within(self, "tested", 1, 10_000)
        within(self, "hidden", 0)
        if not self.channels or min(self.channels) < 1:
            raise Refused(f"channels={self.channels}: must be numbers, at least 1")
        if self.learners > 1:
            raise Refused(
                f"learners={self.learners}: learners of images are not stacked, for it is slower; "
                "must be 1"
            )
        refuse_labelled(self, TRAIN)
