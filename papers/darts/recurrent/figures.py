"""The recurrent study as a picture: what the cells reach, and alpha while it is searched."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from papers.text.figures import Ways
from papers.text.figures import recurrent as drawn

FIRST, SECOND = "recurrent/first_order", "recurrent/second_order"
FROZEN, RANDOM = "recurrent/second_order_frozen_embedding", "recurrent/random"
WAYS = Ways(
    {
        FIRST: ("first order", "#d9a441"),
        SECOND: ("second order", "#3b6ea5"),
        FROZEN: ("second order, embedding left", "#8a6fb0"),
        "recurrent/published": ("DARTS_V2, published", "#4f9a5b"),
        RANDOM: ("random, best", "#9aa3b2"),
    },
    RANDOM,
    (FIRST, SECOND, FROZEN),
    # Table 2, Penn Treebank: perplexity over that of the best random cell
    {FIRST: 57.6 / 59.4, SECOND: 55.7 / 59.4},
    "paper, Penn Treebank",
)


def recurrent(results: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw perplexities over the best random cell's, and alpha's entropy while searching."""
    return drawn(results, curves, WAYS)


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {
    "recurrent": recurrent,
}
