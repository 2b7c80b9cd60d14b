"""What every searcher of the league reports of the cell that it ends with, by the same code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from papers.cells.league import flops
from papers.cells.league.costs import Costs
from papers.cells.league.league import League
from papers.cells.space.edge import Code

if TYPE_CHECKING:
    from harness.paper import Row


def judged_row(league: League, code: Code, costs: Costs) -> Row:
    """Return what was charged, what the cell is truly worth, and the cell itself."""
    gain = {"relative_improvement": league.relative_improvement(code)}
    return {**costs.row(), **league.row(code), **gain, "cell": league.space.text(code)}


def in_random_cells(league: League, code: Code, costs: Costs) -> dict[str, float]:
    """Return what random search would have to train for as good a cell.

    `equivalent_children` is 1 / (1 - F), how many random cells it takes in the mean until one is
    as good, where F is the share of worse ones; `log2_speedup` compares it with what was spent.
    """
    equivalent = 1 / (1 - league.percentile(code))
    spent = costs.flops / flops.child_flops(league)
    return {
        "true_error": 1 - league.true(code),
        "equivalent_children": equivalent,
        "search_children": spent,
        "log2_speedup": float(torch.tensor(equivalent / spent).log2()),
    }


def summary(row: Row) -> str:
    """Return what the terminal says of the cell."""
    regret, share = 100 * float(row["regret"]), 100 * float(row["percentile"])
    return (
        f"true accuracy {100 * float(row['true_accuracy']):.1f} %, regret {regret:.1f} points, "
        f"better than {share:.1f} % of all cells"
    )
