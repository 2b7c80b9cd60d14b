"""Cells of the micro space that nobody searched for, trained from scratch."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from statistics import fmean
from typing import TYPE_CHECKING

from papers.cells.child import published_cell, testbed
from papers.cells.child.random_cells import judged, means, scratch, summary
from papers.cells.child.testbed import Kept, train
from papers.cells.space.genotype import Genotype, NodeCell
from papers.cells.space.record import keep_genotype
from papers.enas.signals.config import space

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.enas.signals.config import DrawnCells, LargestCell


def run(config: DrawnCells, trial: Trial) -> Iterator[Row]:
    """Train n cells drawn uniformly; the result is the best one by validation, and their mean."""
    bed, stream = testbed.of(config, trial.device), Random(trial.stream("cells"))
    cells = [space(config.nodes).random(stream) for _ in config.drawn]
    kept: Kept = {}
    trial.uses(bed.rows.dataset, bed.rows.digest)
    trial.restore(kept=kept)
    for number, cell in enumerate(cells):
        for row in train(scratch(bed, cell, f"train/{number}", trial, bed.parts), trial, kept):
            yield {**row, "at": number}
    rows, best = judged(kept, "train", len(cells))
    errors = [row["child_test_error"] for row in rows]
    final = {"test_error": errors[best], "mean_error": fmean(errors), **means(rows)}
    keep_genotype(trial.artifacts, cells[best], summary(final, len(cells)))
    yield {**final, "best": best, "cell": cells[best].text, "dataset": bed.rows.dataset}


def largest(config: LargestCell, trial: Trial) -> Iterator[Row]:
    """Train the cell of the largest operation: whoever searches should find a better one."""
    cell = heaviest(config.nodes)
    yield from published_cell.trained(cell, "the largest cell", config, trial)


def heaviest(nodes: int) -> Genotype:
    """Return the cell whose every pair is a 5x5 separable convolution, of both inputs in turn."""
    pairs = (("sep_conv_5x5", 0), ("sep_conv_5x5", 1)) * nodes
    cell = NodeCell(pairs, tuple(range(2, 2 + nodes)))
    return space(nodes).check(Genotype.of(cell, cell))
