"""Recorded trainings as arrays: what many searches are told, and one of them row by row."""

from __future__ import annotations

import numpy as np
import pytest

from papers.cells.child.mnist1d import RECIPE
from papers.cells.league.costs import Costs
from papers.cells.league.objective import Objective, objectives
from papers.cells.league.recorded import Evaluators, RecordedEvaluator, recorded
from papers.cells.space.edge import T0


@pytest.fixture(scope="module")
def priced() -> Objective:
    return objectives(("priced",), T0, 2, 0.01)["priced_"]


def test_many_are_told_what_one_is_told_and_charged_the_same(priced):
    known, random = recorded(priced), np.random.default_rng(0)
    seeds = [5, 6, 7]
    many = Evaluators(known, seeds)
    alone = [RecordedEvaluator(known, seed) for seed in seeds]
    for _ in range(40):
        places = random.integers(len(known.codes), size=3)
        worth = many.evaluate(places)
        for search, place in enumerate(places.tolist()):
            (told,) = alone[search].evaluate([known.codes[place]])
            assert told.val == worth[search]
    for search, one in enumerate(alone):
        assert one.costs.flops == many.flops[search]
        assert one.costs.seconds == pytest.approx(many.seconds[search])
        assert one.costs.sgd_steps == 40 * RECIPE.steps == many.row()["charged_steps"]


def test_a_cell_asked_for_again_returns_its_stored_seeds_in_turn(priced):
    known = recorded(priced)
    evaluator, code = RecordedEvaluator(known, 1), known.codes[3]
    seen = [evaluator.evaluate([code])[0].seed for _ in range(2 * known.stored[3])]
    half = len(seen) // 2
    assert sorted(set(seen)) == sorted(seen[:half])
    assert seen[:half] == seen[half:]


def test_a_child_is_charged_its_training_and_its_validations(priced):
    known, costs = recorded(priced), Costs()
    costs.child(1, RECIPE)
    assert known.flops[0] % costs.flops == 0


def test_charges_go_on_where_others_were(priced):
    known = recorded(priced)
    one, other = Evaluators(known, [1, 2]), Evaluators(known, [1, 2])
    one.evaluate(np.array([0, 1]))
    other.load_state_dict(one.state_dict())
    again = (one.evaluate(np.array([0, 1])), other.evaluate(np.array([0, 1])))
    assert again[0].tolist() == again[1].tolist()
    assert one.row() == other.row()
