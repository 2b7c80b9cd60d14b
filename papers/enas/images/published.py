"""What the authors released, and random cells, trained from scratch by their protocol."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from random import Random
from statistics import fmean
from typing import TYPE_CHECKING

from papers.cells.child.random_cells import judged, means
from papers.cells.child.retrained import RETRAIN, result
from papers.cells.child.testbed import Kept, Training, train
from papers.cells.space.published import ENAS_MACRO, PUBLISHED
from papers.enas.images.child import Build, FinalTestbed, macro, micro
from papers.enas.signals.config import space

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.enas.images.config import (
        FinalTraining,
        MacroPublished,
        MicroPublished,
        MicroRandom,
    )


def cell(config: MicroPublished, trial: Trial) -> Iterator[Row]:
    """Train the released cell."""
    yield from _trained(micro(PUBLISHED["ENAS_micro"].genotype, config), config, trial)


def network(config: MacroPublished, trial: Trial) -> Iterator[Row]:
    """Train the released network, its separable operations dense as in the release."""
    yield from _trained(macro(ENAS_MACRO, config, dense=True), config, trial)


def _trained(build: Build, config: FinalTraining, trial: Trial) -> Iterator[Row]:
    """Train a network, and test it after the last step."""
    bed, kept = FinalTestbed.load(config, trial.device), Kept()
    trial.uses(bed.rows.dataset, bed.rows.digest)
    trial.restore(kept=kept)
    begin = partial(bed.trained, build, bed.parts, partial(trial.stream, RETRAIN))
    yield from train(Training(RETRAIN, begin, bed.parts, config.child_every), trial, kept)
    yield {**result(kept), "dataset": bed.rows.dataset}


def drawn(config: MicroRandom, trial: Trial) -> Iterator[Row]:
    """Train n cells drawn uniformly; the result is the best by validation, and their mean.

    Those that are compared leave the validation images out, all alike.
    """
    bed, kept = FinalTestbed.load(config, trial.device), Kept()
    trial.uses(bed.rows.dataset, bed.rows.digest)
    trial.restore(kept=kept)
    stream = Random(trial.stream("cells"))
    cells = [space(config.nodes).random(stream) for _ in config.drawn]
    parts = ("val", "test")
    for number, own in enumerate(cells):
        phase = f"train/{number}"
        begin = partial(bed.child, own, parts, partial(trial.stream, phase))
        for row in train(Training(phase, begin, parts), trial, kept):
            yield {**row, "at": number}
    rows, best = judged(kept, "train", len(cells))
    errors = [row["child_test_error"] for row in rows]
    final = {"test_error": errors[best], "mean_error": fmean(errors), **means(rows)}
    yield {**final, "best": best, "cell": cells[best].text, "dataset": bed.rows.dataset}
