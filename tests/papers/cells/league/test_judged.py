"""What every searcher of the league reports of its cell."""

from __future__ import annotations

import pytest

from papers.cells.league import flops
from papers.cells.league.costs import Costs
from papers.cells.league.judged import in_random_cells, judged_row, plain, summary
from papers.cells.league.league import league_of
from papers.cells.space.edge import T0


def test_a_judged_row_has_charges_truth_and_the_cell():
    league, costs = league_of(T0), Costs(sgd_steps=7, step_flops=2.0, forward_flops=1.0)
    code = league.median()
    row = judged_row(league, code, costs)
    assert row["charged_steps"] == 7
    assert row["charged_flops"] == 3
    assert row["regret"] == league.regret(code)
    assert row["true_accuracy"] == league.true(code)
    assert T0.parse(str(row["cell"])) == code
    better = league.true(code) / league.mean_random - 1
    assert row["relative_improvement"] == league.relative_improvement(code) == better
    assert "regret" in summary(row)


def test_what_a_cell_is_worth_in_random_ones():
    league = league_of(T0)
    best = league.optimum()
    costs = Costs(step_flops=10 * flops.child_flops(league))
    row = in_random_cells(league, best, costs)
    assert row["search_children"] == pytest.approx(10)
    share = league.percentile(best)
    assert row["equivalent_children"] == pytest.approx(1 / (1 - share))
    assert row["true_error"] == pytest.approx(1 - league.true(best))


def test_the_plain_task_has_names_of_its_own():
    assert plain({"regret": 0.5, "cell": "x"}) == {"plain_regret": 0.5, "plain_cell": "x"}
