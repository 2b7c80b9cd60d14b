"""All studies' figures; and the league's, with every method of every paper."""

from __future__ import annotations

from papers.cells.figures import league
from papers.darts.league import figures as league_figures

FIGURES = {**league_figures.FIGURES}
STANDINGS = {"league": league}
