"""The cells that were found, and the league with every method in it."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from papers.cells.draw import found
from papers.cells.league.figures import league


def edge_cell(results: pd.DataFrame, curves: pd.DataFrame) -> str | None:
    """Draw the league's cell that second order found, of the first seed."""
    return found.edge_cell(results, "league/second_order")


def node_cells(results: pd.DataFrame, curves: pd.DataFrame) -> str | None:
    """Draw the genotype that first order found on signals, of the first seed."""
    return found.node_cells(results, "signals/first_order")


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | str | None]] = {
    "league-cell": edge_cell,
    "signals-cells": node_cells,
}
STANDINGS = {"league": league}
