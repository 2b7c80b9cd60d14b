"""The recurrent study as a picture: what the cells reach, and alpha while it is searched."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from papers.text.figures import Ways
from papers.text.figures import recurrent as drawn

GDAS, RELEASED, RANDOM = "recurrent/gdas", "recurrent/released", "recurrent/random"
KNOWN = "recurrent/published"
WAYS = Ways(
    {
        GDAS: ("GDAS, 4 nodes", "#3b6ea5"),
        RELEASED: ("alpha never reset, 4 nodes", "#8a6fb0"),
        KNOWN: ("GDAS, published", "#4f9a5b"),
        "recurrent/published_darts_v1": ("DARTS_V1, published", "#d9a441"),
        RANDOM: ("random, 8 nodes, best", "#9aa3b2"),
    },
    RANDOM,
    (GDAS, RELEASED),
    {KNOWN: 57.5 / 59.4},  # over the best random cell of DARTS's Table 2
    "Penn Treebank, from memory",
)


def recurrent(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw perplexities over the best random cell's, and alpha's entropy while searching."""
    return drawn(results, curves, WAYS)


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {
    "recurrent": recurrent,
}
