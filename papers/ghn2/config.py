"""How a hypernetwork is trained, with where it comes from.

[P] GHN-2 (arXiv:2110.13100), [C] its authors' code, [ours] chosen here.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, positive, require, rising, within
from papers.ghn2.hyper.config import PRESETS

SPLITS = ("id", "wide", "deep", "dense", "bnfree")  # that a final row may report


@dataclass(frozen=True)
class Training:
    """A hypernetwork and its training; the defaults are GHN-2's on CIFAR-10.

    A turn draws `batch` inputs and `meta_batch` networks; every network sees the same inputs.
    `drops` are the shares of the training after which the rate falls to a tenth. A meta-batch of
    more than `most_nodes` nodes is drawn again (0: never).
    """

    preset: str = "ghn2"
    tile_aware: bool = False  # [ours]
    direct: bool = True  # [C] virtual edges count the network's own, too
    steps: int = 211_200  # [C] 300 epochs of 704 batches
    meta_batch: int = 8  # [P] 1 for GHN-1
    batch: int = 64  # [C]
    lr: float = 1e-3  # [C] Adam
    weight_decay: float = 1e-5  # [C] within Adam
    drops: tuple[float, ...] = (2 / 3, 5 / 6)  # [C] epochs 200 and 250 of 300
    clip: float = 5.0  # [C] norm of the gradient
    smoothing: float = 0.0  # [C] of labels; .1 on ImageNet
    most_nodes: int = 2200  # [C]
    failures: int = 100  # [ours] steps in a row without a finite loss until the training ends
    pool: int = 1_000_000  # [P] training networks

    def __post_init__(self) -> None:
        require(self.preset, PRESETS, "preset")
        positive(self, "steps", "meta_batch", "batch", "pool", "failures")
        within(self, "lr", 0, 1, "high")
        within(self, "weight_decay", 0)
        within(self, "clip", 0, ends="high")
        within(self, "smoothing", 0, 1, "low")
        within(self, "most_nodes", 0)
        if self.drops:
            rising(self, "drops", 0, 1)
        if self.pool < self.meta_batch:
            raise Refused(f"pool={self.pool}: must be at least meta_batch={self.meta_batch}")

    def rate(self, turn: int, horizon: int) -> float:
        """Return the learning rate of a turn."""
        fallen = sum(turn >= share * horizon for share in self.drops)
        return float(self.lr * 0.1**fallen)


@dataclass(frozen=True)
class Evaluation:
    """What is measured of a trained hypernetwork, on networks that are the same for all of them.

    `splits` are judged at the end, `networks` in distribution and `others` of each other split;
    `seen` training networks tell the gap. While it trains, `watched` validation networks are
    judged every `eval_every` turns. `tuned` networks go on from predicted parameters, from the
    same made orthogonal, and from random ones, judged after each number of `tune_steps`.
    """

    splits: tuple[str, ...] = SPLITS
    networks: int = 500  # [P] in distribution
    others: int = 100  # [P] of each other split
    seen: int = 0
    watched: int = 0
    eval_every: int = 704
    eval_batch: int = 64  # [C] statistics of batch norm are those of a test batch
    tuned: int = 0
    tune_steps: tuple[int, ...] = (0, 1, 2, 5, 10, 25, 50)
    tune_lr: float = 0.05  # [ours]

    def __post_init__(self) -> None:
        for name in self.splits:
            require(name, SPLITS, "split")
        if "id" not in self.splits or len(set(self.splits)) < len(self.splits):
            raise Refused(f"splits={','.join(self.splits)}: must have 'id', and none twice")
        positive(self, "networks", "others", "eval_every", "eval_batch")
        for name in ("seen", "watched", "tuned"):
            within(self, name, 0)
        rising(self, "tune_steps", 0)
        within(self, "tune_lr", 0, 10, "high")
