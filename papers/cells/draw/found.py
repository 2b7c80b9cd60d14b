"""Cells that searches found, drawn from the tables of results."""

from __future__ import annotations

import pandas as pd

from harness import figures
from papers.cells.draw.svg import edge_svg, genotype_svg
from papers.cells.space.edge import SPACES
from papers.cells.space.genotype import Genotype


def edge_cell(results: pd.DataFrame, experiment: str) -> str | None:
    """Draw the league's cell that an experiment found, of the first seed."""
    row = first(results, experiment)
    if row is None:
        return None
    title = f"{experiment}, seed {row['seed']}: regret {100 * row['regret']:.1f} points"
    space = SPACES["T2"]  # it has the operations of all
    return edge_svg(space, space.parse(str(row["cell"])), title)


def node_cells(results: pd.DataFrame, experiment: str) -> str | None:
    """Draw the genotype that an experiment found, of the first seed."""
    row = first(results, experiment)
    if row is None:
        return None
    title = f"{experiment}, seed {row['seed']}: test error {100 * row['test_error']:.1f} %"
    return genotype_svg(Genotype.parse(str(row["cell"])), title)


def first(results: pd.DataFrame, experiment: str) -> pd.Series | None:
    """Return an experiment's row of the lowest seed at the deepest budget, where there is one."""
    own = figures.deepest_rows(results[results["experiment"] == experiment])
    own = own[own["status"] == "completed"]
    if own.empty or "cell" not in own:
        return None
    return own.sort_values("seed").iloc[0]
