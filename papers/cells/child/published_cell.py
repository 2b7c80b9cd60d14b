"""One cell, a published one or the largest, trained from scratch on a testbed: without a search.

Over seeds its errors differ by initial weights and order of batches alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from papers.cells.child import testbed
from papers.cells.child.retrained import RETRAIN, result
from papers.cells.child.testbed import Kept, Training, train
from papers.cells.space.genotype import Genotype, NodeCell
from papers.cells.space.published import PUBLISHED
from papers.cells.space.record import keep_genotype

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.cells.child.config import (
        ImageChildren,
        ImagePublished,
        SignalChildren,
        SignalPublished,
    )

_HEAVIEST = NodeCell((("sep_conv_5x5", 0), ("sep_conv_5x5", 1)) * 4, (2, 3, 4, 5))
LARGEST = Genotype.of(_HEAVIEST, _HEAVIEST)  # no cell of DARTS's space has more weights


def run(config: SignalPublished | ImagePublished, trial: Trial) -> Iterator[Row]:
    """Train a published cell."""
    yield from trained(PUBLISHED[config.cell].genotype, config.cell, config, trial)


def largest(config: SignalChildren | ImageChildren, trial: Trial) -> Iterator[Row]:
    """Train the largest cell: whoever searches should find a better one."""
    yield from trained(LARGEST, "the largest cell", config, trial)


def trained(
    cell: Genotype, name: str, config: SignalChildren | ImageChildren, trial: Trial
) -> Iterator[Row]:
    """Train a cell, and test it after the last step."""
    bed = testbed.of(config, trial.device)
    kept: Kept = {}
    trial.uses(bed.rows.dataset, bed.rows.digest)
    trial.restore(kept=kept)
    begin = partial(bed.child, cell, bed.parts, partial(trial.stream, RETRAIN))
    yield from train(Training(RETRAIN, begin, bed.parts, config.child_every), trial, kept)
    final = result(kept)
    error = f"test error {100 * final['test_error']:.1f} %"
    keep_genotype(trial.artifacts, cell, f"{error}: {name}, trained from scratch")
    yield {**final, "cell": cell.text, "dataset": bed.rows.dataset}
