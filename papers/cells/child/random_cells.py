"""Random search on node cells: the baseline of DARTS's Table 1.

On signals every cell is trained once, validated, and tested at its end, so that the mean random
cell is known beside the best of n. On images it is the paper's way: cells are compared on
validation images after a shorter training, and the best one is trained in full.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from random import Random
from statistics import fmean
from typing import TYPE_CHECKING

from papers.cells.child import testbed
from papers.cells.child.testbed import Kept, Testbed, Training, train
from papers.cells.space.genotype import Genotype
from papers.cells.space.node import DARTS
from papers.cells.space.record import keep_genotype

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.cells.child.config import ImageRandom, SignalRandom

RETRAIN = "retrain"


def run(config: SignalRandom, trial: Trial) -> Iterator[Row]:
    """Train n random cells; the result is the best one by validation, and their mean."""
    bed = testbed.of(config, trial.device)
    kept: Kept = {}
    trial.uses(bed.rows.dataset, bed.rows.digest)
    trial.restore(kept=kept)
    cells = draw(len(config.drawn), trial)
    for number, cell in enumerate(cells):
        for row in train(scratch(bed, cell, f"train/{number}", trial, bed.parts), trial, kept):
            yield {**row, "at": number}
    rows, best = judged(kept, "train", len(cells))
    final = {
        "test_error": rows[best]["child_test_error"],
        "mean_error": fmean(row["child_test_error"] for row in rows),
        **means(rows),
    }
    keep_genotype(trial.artifacts, cells[best], summary(final, len(cells)))
    yield {**final, "best": best, "cell": cells[best].text, "dataset": bed.rows.dataset}


def select(config: ImageRandom, trial: Trial) -> Iterator[Row]:
    """Train n random cells for a while, and the best one by validation in full."""
    bed = testbed.of(config, trial.device)
    kept: Kept = {}
    trial.uses(bed.rows.dataset, bed.rows.digest)
    trial.restore(kept=kept)
    cells = draw(len(config.drawn), trial)
    for number, cell in enumerate(cells):
        for row in train(scratch(bed, cell, f"select/{number}", trial, ("val",)), trial, kept):
            yield {**row, "at": number}
    rows, best = judged(kept, "select", len(cells))
    whole = scratch(bed, cells[best], RETRAIN, trial, bed.parts)
    yield from train(replace(whole, every=config.child_every), trial, kept)
    final = {"test_error": kept[RETRAIN]["child_test_error"], **means(rows)}
    keep_genotype(trial.artifacts, cells[best], summary(final, len(cells)))
    yield {**final, "best": best, "cell": cells[best].text, "dataset": bed.rows.dataset}


def draw(count: int, trial: Trial) -> list[Genotype]:
    """Return cells drawn uniformly."""
    stream = Random(trial.stream("cells"))
    return [DARTS.random(stream) for _ in range(count)]


def scratch(
    bed: Testbed, cell: Genotype, phase: str, trial: Trial, parts: tuple[str, ...]
) -> Training:
    """Return the training of a cell, with random streams of its phase."""
    return Training(phase, lambda: bed.child(cell, parts, partial(trial.stream, phase)), parts)


def judged(kept: Kept, phase: str, count: int) -> tuple[list[dict[str, float]], int]:
    """Return the last row of every cell, and which cell validates best (of equal ones, first)."""
    rows = [kept[f"{phase}/{number}"] for number in range(count)]
    return rows, min(range(count), key=lambda number: rows[number]["child_val_error"])


def means(rows: list[dict[str, float]]) -> dict[str, float]:
    """Return what the cells have in the mean, and the smallest validation error."""
    errors = [row["child_val_error"] for row in rows]
    sizes = fmean(row["child_parameters"] for row in rows)
    return {"mean_val_error": fmean(errors), "best_val_error": min(errors), "parameters": sizes}


def summary(row: dict[str, float], count: int) -> str:
    """Return what the terminal says of the best cell."""
    error = f"{100 * row['test_error']:.1f} %"
    return f"test error {error}: the best by validation of {count} random cells"
