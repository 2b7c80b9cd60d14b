"""Recorded trainings as arrays: what hundreds of searches side by side ask at once.

A cell that is asked for again returns the next of its stored seeds, and after the last one the
first. With which one a search begins is drawn, once for each class. `RecordedEvaluator` says the
same to one search, and is the readable form. Both tell a cell's worth: validation accuracy less
its price.

Shapes: A cells that a search may return, C classes, S stored seeds at most, R searches.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from harness.trial import stream
from papers.cells.child.mnist1d import RECIPE
from papers.cells.league.costs import Costs
from papers.cells.league.evaluator import Evaluation, TableEvaluator
from papers.cells.league.league import verified
from papers.cells.league.objective import Objective
from papers.cells.searcher.numbers import Floats, Ints, below
from papers.cells.space.edge import Code


class Recorded:
    """The recorded trainings of all cells of an objective, and their truth.

    `worth` and `seconds` are (A, S), filled up by nan; `stored` seeds, `of_class` and `flops` (A);
    `truth` has the metrics of the objective's rows (A).
    """

    def __init__(self, objective: Objective) -> None:
        self.objective, league = objective, objective.league
        self.codes = league.allowed.codes
        self.places = {code: place for place, code in enumerate(self.codes)}
        numbers = {number: place for place, number in enumerate(league.numbers)}
        self.classes = len(numbers)
        self.of_class: Ints = np.array([numbers[league.classes.of(code)] for code in self.codes])
        rows = [verified().of(league.space, code) for code in self.codes]
        self.stored: Ints = np.array([len(own) for own in rows])
        self.worth, self.seconds = np.full((2, len(rows), int(self.stored.max())), np.nan)
        for place, (code, own) in enumerate(zip(self.codes, rows, strict=True)):
            self.worth[place, : len(own)] = [row.val - objective.charged(code) for row in own]
            self.seconds[place, : len(own)] = [row.cpu_s for row in own]
        self.flops: Floats = np.array([_flops(own[0].macs) for own in rows])
        found = [objective.row(code) for code in self.codes]
        self.truth = {name: np.array([row[name] for row in found]) for name in found[0]}


@lru_cache(maxsize=8)
def recorded(objective: Objective) -> Recorded:
    """Return the recorded trainings of an objective, laid out once per process."""
    return Recorded(objective)


def _flops(macs: int) -> float:
    """Return what a child is charged."""
    costs = Costs()
    costs.child(macs, RECIPE)
    return costs.flops


class Evaluators:
    """Answers R searches at once; each has draws and charges of its own."""

    def __init__(self, recorded: Recorded, seeds: Sequence[int]) -> None:
        self.recorded, self.searches = recorded, np.arange(len(seeds))
        self.first = np.stack([begun(seed, recorded.classes) for seed in seeds])  # (R, C)
        self.asked = np.zeros(self.first.shape, dtype=np.int64)
        self.trained = 0  # children of each search
        self.flops, self.seconds = np.zeros((2, len(seeds)))

    def evaluate(self, places: Ints) -> Floats:
        """Return what each search's next cell (R) is worth, and charge its recorded training."""
        known, own = self.recorded, (self.searches, self.recorded.of_class[places])
        stored = known.stored[places]
        row = (below(self.first[own], stored) + self.asked[own]) % stored
        self.asked[own] += 1
        self.trained += 1
        self.flops += known.flops[places]
        self.seconds += known.seconds[places, row]
        worth: Floats = known.worth[places, row]
        return worth

    def row(self) -> dict[str, float]:
        """Return what a search has been charged, in the mean."""
        return {
            "charged_steps": float(self.trained * RECIPE.steps),
            "charged_flops": float(self.flops.mean()),
            "charged_seconds": float(self.seconds.mean()),
        }

    def state_dict(self) -> dict[str, Any]:
        """Return what was asked and charged."""
        arrays = {"asked": self.asked, "flops": self.flops, "seconds": self.seconds}
        kept = {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
        return {**kept, "trained": self.trained}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where others of the same seeds were."""
        self.trained = state["trained"]
        for name in ("asked", "flops", "seconds"):
            setattr(self, name, state[name].numpy().copy())


class RecordedEvaluator(TableEvaluator):
    """The same for one search, row by row from the table."""

    def __init__(self, recorded: Recorded, seed: int) -> None:
        super().__init__(recorded.objective.league.space, verified(), seed)
        self._recorded, self._first = recorded, begun(seed, recorded.classes)

    def _one(self, code: Code) -> Evaluation:
        rows = self._table.of(self.space, code)
        number = int(self._recorded.of_class[self._recorded.places[code]])
        times = self._asked.get(str(number), 0)
        self._asked[str(number)] = times + 1
        row = rows[(int(self._first[number] * len(rows)) + times) % len(rows)]
        self.costs.child(row.macs, self._recipe, row.cpu_s)
        price = self._recorded.objective.charged(code)
        curve = (row.val_third - price, row.val_two_thirds - price, row.val - price)
        return Evaluation(code, row.seed, curve)


def begun(seed: int, classes: int) -> Floats:
    """Return how far into its stored seeds a search begins, for each class: parts of 1 (C)."""
    return np.random.default_rng(stream(seed, "stored")).random(classes)
