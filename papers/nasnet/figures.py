"""The cell that was found, and the league with every method of every paper."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from papers.cells.draw import found
from papers.cells.league.quartiles.figures import standings


def edge_cell(results: pd.DataFrame, curves: pd.DataFrame) -> str | None:
    """Draw the cell that the policy of trained children found, of the first seed."""
    return found.edge_cell(results, "league/trained")


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | str | None]] = {
    "league-cell": edge_cell,
}
STANDINGS = {"league": standings}
