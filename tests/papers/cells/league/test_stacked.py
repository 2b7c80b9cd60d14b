"""Many searches side by side: what a row says of them, what is charged, what resumes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.paper import Phase
from papers.cells.league import stacked
from papers.cells.league.config import TableSearch
from papers.cells.league.contest import Contestant, marks
from papers.cells.league.league import league_of
from papers.cells.league.objective import Objective
from papers.cells.league.random_search import Uniform
from papers.cells.league.recorded import RecordedEvaluator, recorded
from papers.cells.league.stacked import Stacked
from papers.cells.space.edge import T0
from papers.cells.task import CHILD_STEPS
from tests.lab.testbeds import trial_of

CONFIG = TableSearch(space="T0", evaluations=25, searches=7)
PHASES = {"search": Phase("evaluations", cost=CHILD_STEPS)}


class InTurn:
    """R searches that propose one cell after another, each from a place of its own."""

    def __init__(self, count: int, searches: int) -> None:
        self.count, self.searches, self.turn = count, np.arange(searches), 0
        self.heard: list[float] = []

    def propose(self):
        self.turn += 1
        return (self.searches + self.turn) % self.count

    def observe(self, places, worth):
        self.heard.append(float(worth[0]))

    def state_dict(self):
        return {"turn": self.turn}

    def load_state_dict(self, state):
        self.turn = state["turn"]


def make(allowed, seeds, turns):
    assert turns == CONFIG.evaluations
    return InTurn(len(allowed), len(seeds))


@pytest.fixture
def known():
    return recorded(Objective(league_of(T0, 2)))


def test_the_incumbent_is_the_best_that_was_heard_of_and_the_first_of_equals(known):
    searcher = InTurn(len(known.codes), 3)
    stack, best = Stacked(known, searcher, [0, 1, 2]), -1.0
    for turn in range(30):
        before = int(stack.incumbents[0])
        stack.turn()
        heard = searcher.heard[-1]
        assert stack.incumbents[0] == ((turn + 1) % len(known.codes) if heard > best else before)
        best = max(best, heard)
        assert stack.worth[0] == best
        assert stack.path[-1] == pytest.approx(stack.regret.mean())
    assert stack.spent == sorted(stack.spent)


def test_a_row_is_the_mean_over_searches_with_their_quartiles(known):
    stack = Stacked(known, InTurn(len(known.codes), 5), list(range(5)))
    for _ in range(20):
        stack.turn()
    row, regrets = stack.row(), stack.regret
    assert row["regret"] == pytest.approx(regrets.mean())
    assert row["regret_median"] == np.median(regrets)
    assert [row["regret_low"], row["regret_high"]] == np.percentile(regrets, [25, 75]).tolist()
    assert row["true_accuracy"] == pytest.approx(known.objective.best - regrets.mean())
    assert row["searches"] == 5
    assert row["regret_20"] == stack.path[19]
    assert "regret_50" not in row


def test_marked_turns_have_rows_and_the_first_objective_is_charged(lab):
    trial = trial_of(lab, CONFIG, PHASES)
    told = list(stacked.run(CONFIG, trial, make))
    assert [row["at"] for row in told] == marks(CONFIG.evaluations)
    assert trial.meter.spent("flops") == pytest.approx(told[-1]["charged_flops"])
    assert trial.meter.spent("flops") != pytest.approx(told[-1]["plain_charged_flops"])
    assert (trial.artifacts / "cell.json").exists() or any(trial.artifacts.iterdir())


def test_searches_of_one_objective_alone_find_what_they_find_beside_others(lab):
    alone = replace(CONFIG, objectives=("capped",))
    one, all_three = (
        list(stacked.run(config, trial_of(lab, config, PHASES), make))[-1]
        for config in (alone, CONFIG)
    )
    assert "plain_regret" not in one
    assert one == {name: all_three[name] for name in one}


def test_what_is_charged_is_what_single_searches_are_charged(known):
    """T20: by the readable evaluator, for the same cells."""
    stack = Stacked(known, InTurn(len(known.codes), 4), [3, 4, 5, 6])
    alone = [
        Contestant(Uniform(known.objective.league.allowed, seed), RecordedEvaluator(known, seed))
        for seed in (3, 4, 5, 6)
    ]
    for turn in range(12):
        stack.turn()
        for number, one in enumerate(alone):
            place = (number + turn + 1) % len(known.codes)
            one.evaluator.evaluate([known.codes[place]])
    for number, one in enumerate(alone):
        assert one.evaluator.costs.flops == stack.evaluators.flops[number]
    assert stack.row()["charged_steps"] == alone[0].evaluator.costs.sgd_steps
