"""A published cell, trained from scratch on a testbed: no search, whatever the seed.

Over seeds its errors differ by initial weights and order of batches alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from papers.cells.child import testbed
from papers.cells.child.retrained import RETRAIN, result
from papers.cells.child.testbed import Kept, Training, train
from papers.cells.space.published import PUBLISHED
from papers.cells.space.record import keep_genotype

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.cells.child.config import ImagePublished, SignalPublished


def run(config: SignalPublished | ImagePublished, trial: Trial) -> Iterator[Row]:
    """Train the cell, and test it after the last step."""
    bed = testbed.of(config, trial.device)
    kept: Kept = {}
    trial.uses(bed.rows.dataset, bed.rows.digest)
    trial.restore(kept=kept)
    cell = PUBLISHED[config.cell].genotype
    begin = partial(bed.child, cell, bed.parts, partial(trial.stream, RETRAIN))
    yield from train(Training(RETRAIN, begin, bed.parts, config.child_every), trial, kept)
    final = result(kept)
    error = f"test error {100 * final['test_error']:.1f} %"
    keep_genotype(trial.artifacts, cell, f"{error}: {config.cell}, trained from scratch")
    yield {**final, "cell": cell.text, "dataset": bed.rows.dataset}
