"""Random recurrent cells, each trained like a found one (DARTS, Sec. 3.3 and Table 2).

The best by validation is the result, as there; the mean over all of them stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING

from papers.text import architecture, evaluation

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.text.config import RandomCells
    from papers.text.published import Recurrent

AVERAGED = ("val_loss", "test_loss", "test_perplexity")
CellScores = dict[int, dict[str, float]]  # what the trained candidates reached, by their numbers


def run(config: RandomCells, trial: Trial) -> Iterator[Row]:
    """Train candidates as DARTS draws them: every node is part of the output."""
    cells = {
        number: architecture.drawn(config.nodes, trial.stream("cell", number))
        for number in config.candidates
    }
    yield from compared(cells, config, trial)


def compared(cells: Mapping[int, Recurrent], config: RandomCells, trial: Trial) -> Iterator[Row]:
    """Train every candidate; report the best by validation, and the mean."""
    corpus, meter = evaluation.load(config, trial), trial.meter
    found: CellScores = {}
    trial.restore(found=found)
    for number, genotype in cells.items():
        if meter.done(f"retrain/{number}"):
            continue
        training = evaluation.start(genotype, config, corpus, trial)
        keep = partial(_keep, found, number)
        yield from evaluation.fit(training, trial, f"retrain/{number}", keep)
        if number not in found:  # time ran out before the last step
            keep(training)
    best = chosen(found)
    architecture.save(cells[best], trial.artifacts)
    told = {"cell": architecture.text(cells[best]), "corpus": config.corpus}
    yield {**found[best], **means(found), **told}


def _keep(found: CellScores, number: int, training: evaluation.LanguageTraining) -> None:
    found[number] = training.scores()


def chosen(found: CellScores) -> int:
    """Return the number of the candidate that validates best."""
    return min(found, key=lambda number: found[number]["val_loss"])


def means(found: CellScores) -> dict[str, float]:
    """Return the means over all candidates."""
    return {f"mean_{name}": fmean(one[name] for one in found.values()) for name in AVERAGED}
