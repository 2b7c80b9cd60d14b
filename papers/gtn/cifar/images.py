"""CIFAR-10's rows for meta-training: images of outer losses are cropped and flipped.

Shapes: N images, H W space.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from harness.training import augment
from papers.cells.child.cifar_images import CifarImages
from papers.cells.child.config import PIXELS
from papers.cells.child.images import STORED as SIDE
from papers.cells.child.images import synthetic
from papers.cells.rows import Part
from papers.gtn.lessons import Real, Rows

if TYPE_CHECKING:
    from harness.trial import Trial
    from papers.gtn.cifar.config import CifarTeaching

MEAN = (0.4914, 0.4822, 0.4465)  # [C] red, green, blue
STD = (0.2470, 0.2435, 0.2616)  # [C]
HELD_OUT = 0.1  # [C] of the stored training rows, here of each class: 45,000 and 5,000


class Augmented(Real):
    """Real rows as they are stored, uint8 (N, 3, H, W): what is drawn is augmented.

    [C] A crop of the padded image, a flip, and then mean and deviation.
    """

    __slots__ = ()

    def draw(self, rows: int, random: torch.Generator) -> Real:
        """Return rows drawn with replacement, float (rows, 3, H, W)."""
        chosen = torch.randint(len(self.y), (rows,), generator=random).to(self.y.device)
        images = augment.Recipe(MEAN, STD)(self.x.index_select(0, chosen), random)
        return Real(images, self.y[chosen])


@dataclass(frozen=True)
class Coloured(Rows):
    """Rows whose mean and deviation are numbers of each channel."""

    mean: Any = MEAN
    deviation: Any = STD


def stored(dataset: str, where: str, held_out: float) -> CifarImages:
    """Return a data set's images on a device; `pixels` are a few random ones."""
    if dataset == PIXELS:
        return synthetic(SIDE, where, held_out)
    return CifarImages.load(dataset, where, held_out)


def rows(config: CifarTeaching, trial: Trial) -> Rows:
    """Return the rows of a meta-training, validation rows cut from the stored training part."""
    found = stored(config.dataset, trial.device, HELD_OUT)
    trial.uses(found.dataset, found.digest)

    def plain(part: Part) -> Real:
        x, y = part.x[: config.tested], part.y[: config.tested]
        return Real(augment.normalise(x, MEAN, STD), y)

    train = Augmented(found.train.x, found.train.y)
    val, test = plain(found.val), plain(found.test.open())
    return Coloured(found.dataset, train, val, test, 3, (SIDE, SIDE))
