"""The authors' cells, trained from scratch as they trained them: without a search.

One thing no recipe of `papers.cells` says: the cosine of the original protocol ends above zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from papers.cells.child import cifar
from papers.cells.child.images import ImageChild, ImageTestbed
from papers.cells.child.retrained import RETRAIN, result
from papers.cells.child.testbed import Kept, Training, train
from papers.cells.network import hand_made
from papers.cells.space.record import keep_genotype
from papers.gdas.images.config import CELLS, ImageRetrained

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial


def run(config: ImageRetrained, trial: Trial) -> Iterator[Row]:
    """Train a published cell, and test it after the last step."""
    cell, bed, kept = CELLS[config.cell].genotype, ImageTestbed.load(config, trial.device), Kept()
    trial.uses(bed.rows.dataset, bed.rows.digest)
    trial.restore(kept=kept)

    def begin() -> ImageChild:
        child = bed.child(cell, bed.parts, partial(trial.stream, RETRAIN))
        return ending(child, config.lowest_lr, partial(trial.stream, RETRAIN))

    with hand_made.available():  # for GDAS_F1's reduction cell
        yield from train(Training(RETRAIN, begin, bed.parts, config.child_every), trial, kept)
    final = result(kept)
    error = f"test error {100 * final['test_error']:.1f} %"
    keep_genotype(trial.artifacts, cell, f"{error}: {config.cell}, trained from scratch")
    yield {**final, "cell": cell.text, "dataset": bed.rows.dataset}


# -- a cosine that ends above zero ----------------------------------------------------------------


@dataclass(frozen=True)
class Schedule(cifar.Schedule):
    """A recipe's learning rate, moved so that it ends at `lowest`."""

    lowest: float = 0.0

    def lr(self, turn: int) -> float:
        """Return low + (lr - low) (1 + cos(pi e / E)) / 2, after a warm-up where there is one."""
        highest = self.recipe.lr
        return self.lowest + (highest - self.lowest) * super().lr(turn) / highest


class Ending(cifar.Training):
    """A training whose rate ends at `lowest`."""

    lowest = 0.0

    @property
    def schedule(self) -> Schedule:
        """Learning rate and drop path of this training."""
        return Schedule(self.recipe, len(self.rows), self.horizon, self.lowest)


def ending(child: ImageChild, lowest: float, seed: Callable[[str], int]) -> ImageChild:
    """Return an untrained child whose training ends at a rate; `seed` is of its streams."""
    plain = child.training
    training = Ending(plain.network, plain.recipe, plain.part, seed)
    training.lowest = lowest
    return replace(child, training=training)
