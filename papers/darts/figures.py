"""The cells that were found, and the league with every method in it."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from harness import figures
from papers.cells.draw.svg import edge_svg, genotype_svg
from papers.cells.league.figures import league
from papers.cells.space.edge import SPACES
from papers.cells.space.genotype import Genotype

EDGE, NODE = "league/second_order", "signals/first_order"


def edge_cell(results: pd.DataFrame, curves: pd.DataFrame) -> str | None:
    """Draw the league's cell that second order found, of the first seed."""
    row = _first(results, EDGE)
    if row is None:
        return None
    title = f"{EDGE}, seed {row['seed']}: regret {100 * row['regret']:.1f} points"
    space = SPACES["T2"]  # it has the operations of all
    return edge_svg(space, space.parse(str(row["cell"])), title)


def node_cells(results: pd.DataFrame, curves: pd.DataFrame) -> str | None:
    """Draw the genotype that first order found on signals, of the first seed."""
    row = _first(results, NODE)
    if row is None:
        return None
    title = f"{NODE}, seed {row['seed']}: test error {100 * row['test_error']:.1f} %"
    return genotype_svg(Genotype.parse(str(row["cell"])), title)


def _first(results: pd.DataFrame, experiment: str) -> pd.Series | None:
    """Return an experiment's row of the lowest seed at the deepest budget, where there is one."""
    own = figures.deepest_rows(results[results["experiment"] == experiment])
    own = own[own["status"] == "completed"]
    if own.empty or "cell" not in own:
        return None
    return own.sort_values("seed").iloc[0]


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | str | None]] = {
    "league-cell": edge_cell,
    "signals-cells": node_cells,
}
STANDINGS = {"league": league}
