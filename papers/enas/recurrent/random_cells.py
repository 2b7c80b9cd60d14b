"""Random recurrent cells, their loose ends averaged, each trained like a found one.

As many as the FLOPs of a search pay for; the best by validation is the result, and the mean over
all of them stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from papers.enas.recurrent.cell import decode, uniform
from papers.text import architecture, evaluation
from papers.text.evaluation import LanguageTraining
from papers.text.random_search import CellScores, chosen, means

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.enas.recurrent.config import RandomCells


def run(config: RandomCells, trial: Trial) -> Iterator[Row]:
    """Train every cell; report the best by validation, and the mean."""
    corpus, meter = evaluation.load(config, trial), trial.meter
    found: CellScores = {}
    trial.restore(found=found)
    cells = {
        number: decode(
            uniform(config.nodes, Random(trial.stream("cell", number))), "drawn at random"
        )
        for number in config.cells
    }
    for number, cell in cells.items():
        if meter.done(f"retrain/{number}"):
            continue
        training = evaluation.start(cell, config, corpus, trial)
        keep = partial(_keep, found, number)
        yield from evaluation.fit(training, trial, f"retrain/{number}", keep)
        if number not in found:  # time ran out before the last step
            keep(training)
    best = chosen(found)
    architecture.save(cells[best], trial.artifacts)
    told = {"cell": architecture.text(cells[best]), "corpus": config.corpus}
    yield {**found[best], **means(found), **told}


def _keep(found: CellScores, number: int, training: LanguageTraining) -> None:
    found[number] = training.scores()
