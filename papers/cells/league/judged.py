"""What every searcher of the league reports of the cell that it ends with, by the same code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from papers.cells.league import flops
from papers.cells.league.costs import Costs
from papers.cells.league.league import League
from papers.cells.space.edge import Code

if TYPE_CHECKING:
    from harness.paper import Row


def judged_row(league: League, code: Code, costs: Costs) -> Row:
    """Return what was charged, what the cell is truly worth, and the cell itself."""
    return {**costs.row(), **league.row(code), "cell": league.space.text(code)}


def plain(row: Row) -> Row:
    """Return a row of the task without a limit under names of its own.

    A search takes part in both tasks: its row has the limited one's metrics under their names, and
    the plain one's with `plain_` before them.
    """
    return {f"plain_{name}": value for name, value in row.items()}


def in_random_cells(league: League, code: Code, costs: Costs) -> dict[str, float]:
    """Return what random search would have to train for as good a cell.

    `equivalent_children` is 1 / (1 - F), how many random cells it takes in the mean until one is
    as good, where F is the share of worse ones; `search_children` could be trained for what was
    spent.
    """
    return {
        "true_error": 1 - league.true(code),
        "equivalent_children": 1 / (1 - league.percentile(code)),
        "search_children": flops.children(league, costs.flops),
    }


def summary(row: Row) -> str:
    """Return what the terminal says of the cell."""
    regret, share = 100 * float(row["regret"]), 100 * float(row["percentile"])
    return (
        f"true accuracy {100 * float(row['true_accuracy']):.1f} %, regret {regret:.1f} points, "
        f"better than {share:.1f} % of all cells"
    )
