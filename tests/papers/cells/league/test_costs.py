"""What a step of a search is charged."""

from __future__ import annotations

from papers.cells.league.costs import Costs


def test_a_step_is_charged_by_what_ran():
    costs = Costs()
    costs.step(1000, 50)
    costs.score(1000, 200)
    assert (costs.sgd_steps, costs.step_flops) == (1, 3 * 2 * 1000 * 50)
    assert costs.forward_flops == 2 * 1000 * 200
    assert costs.row() == {"charged_steps": 1.0, "charged_flops": costs.flops}
