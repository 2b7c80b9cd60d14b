"""What every searcher of the league reports of its cell."""

from __future__ import annotations

import pytest
import torch

from papers.cells.league import flops
from papers.cells.league.costs import Costs
from papers.cells.league.judged import in_random_cells, judged_row, summary
from papers.cells.league.league import league
from papers.cells.space.edge import T0


def test_a_judged_row_has_charges_truth_and_the_cell():
    judge, costs = league(T0), Costs(sgd_steps=7, step_flops=2.0, forward_flops=1.0)
    code = judge.median()
    row = judged_row(judge, code, costs)
    assert row["charged_steps"] == 7
    assert row["charged_flops"] == 3
    assert row["regret"] == judge.regret(code)
    assert row["true_accuracy"] == judge.true(code)
    assert T0.parse(str(row["cell"])) == code
    better = judge.true(code) / judge.mean_random - 1
    assert row["relative_improvement"] == judge.relative_improvement(code) == better
    assert "regret" in summary(row)


def test_what_a_cell_is_worth_in_random_ones():
    judge = league(T0)
    best = judge.optimum()
    costs = Costs(step_flops=10 * flops.child_flops(judge))
    row = in_random_cells(judge, best, costs)
    assert row["search_children"] == pytest.approx(10)
    share = judge.percentile(best)
    assert row["equivalent_children"] == pytest.approx(1 / (1 - share))
    assert row["log2_speedup"] == pytest.approx(torch.tensor(0.1 / (1 - share)).log2().item())
