"""How a cell that was found is trained from scratch on CIFAR-10, as a declaration.

The evaluation phase of DARTS (Liu et al. 2019, arXiv:1806.09055, Sec. 3.2), and GDAS's own (Dong &
Yang 2019, arXiv:1910.04465). One recipe for the cells of all methods: numbers that were measured
by different recipes are not comparable. Standard library only, so that a paper's config may hold
one; `papers.cells.child.cifar` trains by it.

[P] the paper, [C] the authors' code, [ours] chosen here.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass

from harness.paper import Refused, positive, require, within

STORED_ROWS = {"cifar10": 50_000, "cifar10_subset": 8_068}  # stored for training
PARTS = ("val", "test")
ANNEALED = ("epoch", "step")
PRECISIONS = ("float32", "tf32", "bf16")  # those of harness.training.device, which needs torch


@dataclass(frozen=True)
class CifarRecipe:
    """What every cell's training shares; the defaults are DARTS's for CIFAR-10.

    `annealed` says when learning rate and drop path change: with every epoch, as the authors do
    it, or with every step, for trainings of few epochs.
    """

    dataset: str = "cifar10"
    channels: int = 36  # [P] Sec. 3.2
    layers: int = 20  # [P] Sec. 3.2
    epochs: int = 600  # [P] Sec. 3.2
    batch: int = 96  # [P] Sec. 3.2; the last batch of an epoch is a short one
    lr: float = 0.025  # [P] App. A.1, under a cosine to 0
    warm_up: int = 0  # epochs that raise the rate linearly first; GDAS has them
    annealed: str = "epoch"  # [C]
    momentum: float = 0.9  # [P] App. A.1
    nesterov: bool = False  # [C]
    weight_decay: float = 3e-4  # [P] App. A.1
    clip: float = 5.0  # [C] norm of all gradients together
    auxiliary: float = 0.4  # [P] Sec. 3.2, weight of the second classifier's loss; 0: without
    drop_path: float = 0.2  # [C] at the end, rising linearly; the text's .3 is a slip
    padding: int = 4  # [C] pixels around an image before it is cropped
    flip: float = 0.5  # [C]
    cutout: int = 16  # [P] Sec. 3.2, side of the square
    held_out: float = 0.1  # [ours] share of the training rows where `val` is measured
    split_seed: int = 0  # [ours] which rows those are
    precision: str = "float32"  # [ours] or tf32, bf16
    channels_last: bool = True  # [ours] the layout in memory: faster on a CPU
    every: int = 10  # [ours] epochs between two rows; changes no result
    version: int = 1  # [ours] of what the values do not say: network, initial weights, streams

    def __post_init__(self) -> None:
        require(self.dataset, STORED_ROWS, "data set of a CIFAR recipe")
        require(self.annealed, ANNEALED, "way to anneal")
        require(self.precision, PRECISIONS, "precision")
        positive(self, "channels", "epochs", "batch", "every")
        within(self, "layers", 3)  # with fewer every cell is a reduction
        within(self, "lr", 1e-6, 10)
        within(self, "warm_up", 0, self.epochs - 1)
        within(self, "clip", 1e-6)
        within(self, "flip", 0, 1)
        for name in ("padding", "cutout", "auxiliary", "weight_decay"):
            within(self, name, 0)
        for name in ("momentum", "drop_path", "held_out"):
            within(self, name, 0, 0.99)
        if self.nesterov and not self.momentum:
            raise Refused("nesterov=True: needs a momentum above 0")

    @property
    def digest(self) -> str:
        """Return a hash of everything that changes a result."""
        values = asdict(self)
        del values["every"]
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]

    def left_out(self, part: str) -> float:
        """Return the share of the training rows that a training judged on this part leaves out.

        Raises:
            Refused: no such part, or `val` of a recipe that holds nothing out.
        """
        if require(part, PARTS, "part") == "test":
            return 0.0
        if not self.held_out:
            raise Refused("held_out=0: there is no validation part to judge on")
        return self.held_out

    def steps(self, part: str = "test") -> int:
        """Return the updates of a whole training that ends with this part: a phase's length."""
        rows = STORED_ROWS[self.dataset]
        return self.epochs * math.ceil((rows - round(rows * self.left_out(part))) / self.batch)


DARTS = CifarRecipe()
GDAS = CifarRecipe(epochs=300, warm_up=5, nesterov=True, weight_decay=5e-4)  # [C], 5 + 295 epochs
RECIPES = {"darts": DARTS, "gdas": GDAS}
