"""The cells that were found."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from papers.cells.draw import found


def edge_cell(results: pd.DataFrame, curves: pd.DataFrame) -> str | None:
    """Draw the league's cell that GDAS found, of the first seed."""
    return found.edge_cell(results, "league/gdas")


def node_cells(results: pd.DataFrame, curves: pd.DataFrame) -> str | None:
    """Draw the genotype that GDAS found on signals, of the first seed."""
    return found.node_cells(results, "signals/gdas")


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | str | None]] = {
    "league-cell": edge_cell,
    "signals-cells": node_cells,
}
