"""Random recurrent cells, each trained by the recipe of the evaluation phase (Sec. 3.3, Table 2).

The best by validation is the result, as in the paper; the mean over all of them stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import fmean
from typing import TYPE_CHECKING, Any

from papers.darts.recurrent import architecture, evaluation

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.darts.recurrent.config import Random

AVERAGED = ("val_loss", "test_loss", "test_perplexity")


class Found:
    """What the candidates that are trained reached, by their numbers."""

    def __init__(self) -> None:
        self.scores: dict[int, dict[str, float]] = {}

    def keeper(self, number: int) -> Callable[[evaluation.Training], None]:
        """Return what scores a candidate's training and keeps the scores."""

        def keep(training: evaluation.Training) -> None:
            self.scores[number] = training.scores()

        return keep

    def best(self) -> int:
        """Return the number of the candidate that validates best."""
        return min(self.scores, key=lambda number: self.scores[number]["val_loss"])

    def mean(self) -> dict[str, float]:
        """Return the means over all candidates."""
        scores = list(self.scores.values())
        return {f"mean_{name}": fmean(one[name] for one in scores) for name in AVERAGED}

    def state_dict(self) -> dict[str, Any]:
        """Return the scores."""
        return {"scores": self.scores}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take the scores of an earlier attempt over."""
        self.scores = dict(state["scores"])


def run(config: Random, trial: Trial) -> Iterator[Row]:
    """Train every candidate; report the best by validation, and the mean."""
    corpus, found, meter = evaluation.load(config, trial), Found(), trial.meter
    trial.restore(found=found)
    cells = {
        number: architecture.drawn(config.nodes, trial.stream("cell", number))
        for number in config.candidates
    }
    for number, genotype in cells.items():
        if meter.done(f"retrain/{number}"):
            continue
        training, keep = evaluation.start(genotype, config, corpus, trial), found.keeper(number)
        yield from evaluation.fit(training, trial, f"retrain/{number}", keep)
        if number not in found.scores:  # time ran out before the last step
            keep(training)
    best = found.best()
    architecture.save(cells[best], trial.artifacts)
    told = {"cell": architecture.text(cells[best]), "corpus": config.corpus}
    yield {**found.scores[best], **found.mean(), **told}
