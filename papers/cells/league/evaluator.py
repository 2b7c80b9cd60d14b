"""How good is this cell? Two ways to ask, one interface, the same charges.

`TableEvaluator` looks a training up in the table of truth and charges what it cost when it was
made; `TrainEvaluator` trains. Neither lets a searcher see test accuracy: it is sealed in what they
return, and only `papers.cells.league.league` reads truth, from the table.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from harness.trial import stream
from papers.cells.child.mnist1d import RECIPE, Recipe, Signals, train
from papers.cells.league.costs import Costs
from papers.cells.league.truth import Table
from papers.cells.network import light
from papers.cells.space.edge import Code, EdgeSpace


@dataclass(frozen=True)
class Evaluation:
    """What a searcher learns of a cell: validation accuracy at each third of the training."""

    code: Code
    seed: int
    curve: tuple[float, float, float]

    @property
    def val(self) -> float:
        """Return the final validation accuracy."""
        return self.curve[-1]

    @property
    def test(self) -> float:
        """Refuse: a searcher that selects on test data measures nothing."""
        raise AttributeError(
            "test accuracy is sealed while a search runs; papers.cells.league.league"
        )


class Evaluator(Protocol):
    """What a searcher may ask; `costs` is filled in by the answer."""

    space: EdgeSpace
    costs: Costs

    def evaluate(self, codes: Sequence[Code]) -> list[Evaluation]:
        """Return an evaluation of each cell; every one is charged, duplicates too."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed search needs."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another evaluator of the same seed was."""
        ...


class TableEvaluator:
    """Recorded trainings: a cell asked for again returns another of its stored seeds.

    Which seed comes first is drawn, as NAS-Bench-101 does; after all of them it begins anew.
    """

    def __init__(self, space: EdgeSpace, table: Table, seed: int, recipe: Recipe = RECIPE) -> None:
        table.require_whole(space)
        self.space, self.costs = space, Costs()
        self._table, self._seed, self._recipe = table, seed, recipe
        self._asked: dict[str, int] = {}

    def evaluate(self, codes: Sequence[Code]) -> list[Evaluation]:
        """Look cells up and charge their recorded cost."""
        return [self._one(code) for code in codes]

    def _one(self, code: Code) -> Evaluation:
        rows = self._table.of(self.space, code)
        name = rows[0].cell
        times = self._asked.get(name, 0)
        self._asked[name] = times + 1
        order = list(range(len(rows)))
        random.Random(stream(self._seed, "stored", name)).shuffle(order)
        row = rows[order[times % len(rows)]]
        self.costs.child(row.macs, self._recipe, row.cpu_s)
        return Evaluation(code, row.seed, (row.val_third, row.val_two_thirds, row.val))

    def state_dict(self) -> dict[str, Any]:
        """Return what was asked and charged."""
        return {"asked": dict(self._asked), "costs": self.costs.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another evaluator of the same seed was."""
        self._asked = dict(state["asked"])
        self.costs.load_state_dict(state["costs"])


class TrainEvaluator:
    """Trains cells from scratch, all that are asked for at once side by side.

    Training seeds are drawn from the search's own, and differ from the table's: what a search
    finds is judged by trainings that it has not seen.
    """

    def __init__(
        self, space: EdgeSpace, signals: Signals, seed: int, recipe: Recipe = RECIPE
    ) -> None:
        self.space, self.costs = space, Costs()
        self._signals, self._seed, self._recipe = signals, seed, recipe

    def evaluate(self, codes: Sequence[Code]) -> list[Evaluation]:
        """Train cells and charge what it took."""
        first = self.costs.trained
        seeds = [stream(self._seed, "child", first + place) for place in range(len(codes))]
        children = list(zip(codes, seeds, strict=True))
        done = train(self.space, children, self._signals, self._recipe, test=False)
        for child in done:
            self.costs.child(light.macs(self.space, child.code), self._recipe)
        return [Evaluation(child.code, child.seed, child.val) for child in done]

    def state_dict(self) -> dict[str, Any]:
        """Return what was charged: the next seeds follow from it."""
        return {"costs": self.costs.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another evaluator of the same seed was."""
        self.costs.load_state_dict(state["costs"])
