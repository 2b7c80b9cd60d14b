"""Rows of reports/curves.csv as figures need them: what was measured last at each place."""

from __future__ import annotations

import pandas as pd

from harness import figures


def settled(curves: pd.DataFrame, experiment: str, metric: str) -> pd.DataFrame:
    """Return one row per place of an experiment's axis, at its deepest budget, by rising place."""
    rows = curves[(curves["experiment"] == experiment) & (curves["metric"] == metric)]
    rows = rows[rows["at"].notna()]
    budget = figures.deepest(rows, experiment)
    rows = rows[rows["budget"] == budget]
    return rows.sort_values("turn").groupby("at", as_index=False).last()


def note(curves: pd.DataFrame, experiment: str) -> str:
    """Return the budget and the number of replicates behind an experiment's curve, for a title."""
    rows = curves[curves["experiment"] == experiment]
    budget = figures.deepest(rows, experiment)
    replicates = rows.loc[(rows["budget"] == budget) & rows["at"].notna(), "n"].max()
    return f"budget {budget}, n = {replicates:.0f}"
