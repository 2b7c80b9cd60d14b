"""CIFAR-10's images for cells: resident on the device, split once, the test set sealed.

Mean and deviation are those of DARTS (Liu et al. 2019, arXiv:1806.09055) and its successors.

Shapes: N images, H W space.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, require
from harness.training import augment, data
from papers.cells.child.cifar_recipe import PARTS, CifarRecipe
from papers.cells.rows import Part, Sealed

MEAN = (0.49139968, 0.48215827, 0.44653124)  # red, green, blue of the training images
STD = (0.24703233, 0.24348505, 0.26158768)


@dataclass(frozen=True)
class CifarImages:
    """Three parts, each x uint8 (N, 3, H, W) and y int64 (N), whole on the device.

    `val` is empty where nothing was held out. `digest` is the data set's.
    """

    dataset: str
    train: Part
    val: Part
    test: Sealed
    digest: str

    @classmethod
    def load(
        cls, dataset: str, where: str = "cpu", held_out: float = 0.0, seed: int = 0
    ) -> CifarImages:
        """Read a data set; `held_out` of each class's training rows are `val`, chosen by `seed`.

        A search that trains weights on one half and architectures on the other holds out 0.5.
        """
        train, test = (
            data.load(dataset, name, where, held_out, seed) for name in ("train", "test")
        )
        nothing = Part(train.x[:0], train.y[:0])
        val = _part(data.load(dataset, "val", where, held_out, seed)) if held_out else nothing
        return cls(dataset, _part(train), val, Sealed(_part(test)), train.digest)

    def judged(self, part: str) -> Part:
        """Return the rows that a training is judged on; asking for `test` opens it.

        Raises:
            Refused: no such part, or `val` where nothing was held out.
        """
        if require(part, PARTS, "part") == "test":
            return self.test.open()
        if not len(self.val.y):
            raise Refused("held_out=0: there is no validation part to judge on")
        return self.val


def _part(split: data.Split) -> Part:
    return Part(split.x, split.y)


def augmentation(recipe: CifarRecipe) -> augment.Recipe:
    """Return what is done to training images: crop, flip, normalise, and then cut out."""
    return augment.Recipe(MEAN, STD, recipe.padding, recipe.flip, recipe.cutout)
