"""What a search is after: accuracy, or accuracy less a price for each convolution."""

from __future__ import annotations

import numpy as np
import pytest

from papers.cells.league.config import OBJECTIVES
from papers.cells.league.league import league_of
from papers.cells.league.objective import Objective, objectives
from papers.cells.space.allowed import convolutions
from papers.cells.space.edge import T0


def test_a_price_moves_the_best_cell_and_regret_is_of_worth():
    (priced,) = objectives(("priced",), T0, 2, 0.01).values()
    league, codes = priced.league, priced.league.allowed.codes
    worth = [league.true(code) - 0.01 * convolutions(T0, code) for code in codes]
    assert priced.best == max(worth)
    regrets = [priced.row(code)["regret"] for code in codes]
    assert min(regrets) == 0
    assert codes[int(np.argmin(regrets))] == codes[int(np.argmax(worth))]
    assert max(convolutions(T0, code) for code in codes) == 3


def test_without_a_price_it_is_the_leagues_own_regret():
    objective = Objective(league_of(T0, 2))
    for code in objective.league.allowed.codes:
        assert objective.row(code)["regret"] == objective.league.regret(code)
        assert convolutions(T0, code) <= 2


def test_every_objective_has_a_name_of_its_own_and_the_tasks_comes_first():
    known = objectives(OBJECTIVES, T0, 2, 0.02)
    assert list(known) == ["", "plain_", "priced_"]
    assert [one.league.limit for one in known.values()] == [2, None, None]
    assert [one.price for one in known.values()] == [0, 0, 0.02]


@pytest.mark.parametrize(("price", "most"), [(0.01, 3), (0.3, 1), (1.0, 0)])
def test_the_dearer_a_convolution_the_fewer_has_the_best_cell(price, most):
    (one,) = objectives(("priced",), T0, 2, price).values()
    best = max(one.league.allowed.codes, key=one.worth)
    assert convolutions(T0, best) == most
