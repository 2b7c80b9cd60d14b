"""What the league's declarations say of costs is what they are."""

from __future__ import annotations

import numpy as np
import pytest

from papers.cells.child.mnist1d import RECIPE
from papers.cells.league import flops
from papers.cells.league.costs import Costs
from papers.cells.network import light
from papers.cells.space.allowed import allowed
from papers.cells.space.edge import SPACES
from papers.darts.league import study


@pytest.mark.parametrize("budget", study.COST)
def test_the_bound_of_a_search_is_what_it_costs_in_random_cells(budget: str):
    config = next(e for e in study.EXPERIMENTS if e.name == study.SECOND).at(budget)
    space = SPACES[config.space]
    spent = config.steps * flops.step_flops(space, config.passes, config.batch)
    child = Costs()
    child.child(1, RECIPE)
    codes = allowed(space, config.limit).codes
    macs = float(np.mean([light.macs(space, code) for code in codes]))
    assert study.COST[budget] == pytest.approx(spent / (child.flops * macs), rel=2e-3)
