"""This paper's pictures draw what was measured, and nothing where rows are missing."""

from __future__ import annotations

import pandas as pd
import pytest

from papers.amoebanet import figures
from papers.amoebanet.league import figures as league
from papers.amoebanet.onemax import figures as onemax
from papers.amoebanet.paper import PAPER

COLUMNS = (
    "experiment", "budget", "task", "metric", "at", "turn", "mean", "sd", "n", "status", "seed",
)  # fmt: skip
EMPTY = pd.DataFrame({name: pd.Series(dtype=str) for name in COLUMNS})


def results() -> pd.DataFrame:
    """Rows of every experiment of the league's figures: non-aging is a point worse everywhere."""
    made = []
    names = {name for pair in (*league.SIZES.values(), *league.PRICES.values()) for name in pair}
    for name in sorted(names):
        worse = 0.01 * ("nonaging" in name) + 0.02 * ("random" in name)
        known = {"experiment": name, "budget": "nightly", "status": "completed"}
        made += [
            {**known, "seed": seed, **dict.fromkeys(league.OBJECTIVES, 0.03 + worse + seed / 1000)}
            for seed in range(3)
        ]
    return pd.DataFrame(made)


def test_what_aging_gains_is_drawn_by_population_and_by_price():
    aging, price = league.turning(results(), EMPTY).axes
    points = [line for line in aging.lines if line.get_marker() == "o"]
    assert len(points) == len(league.SIZES) * len(league.OBJECTIVES)
    assert [line.get_ydata()[0] for line in points] == pytest.approx(len(points) * [1])
    bars = [line for line in price.lines if line.get_marker() == "o"]
    drawn = {line.get_xdata()[0]: line.get_ydata()[0] for line in bars}
    assert drawn == pytest.approx(dict.fromkeys(league.PRICES, 2))
    assert [text.get_text() for text in aging.get_legend().get_texts()] == list(
        league.OBJECTIVES.values()
    )


def test_figures_name_experiments_that_are_declared():
    declared = {"league", "swept", "onemax"}
    names = [*league.METHODS, *onemax.KINDS]
    names += [name for pair in (*league.SIZES.values(), *league.PRICES.values()) for name in pair]
    assert {name.split("/")[0] for name in names} == declared
    assert PAPER.studies[:2] == ("league", "onemax")


def test_noise_is_drawn_from_the_last_turn_of_each_deviation():
    told = [
        {
            "experiment": name, "budget": "nightly", "metric": metric, "turn": turn, "at": at,
            "mean": 0.9 - at + turn / 1e5, "sd": 0.01, "n": 20,
        }
        for name in onemax.KINDS
        for metric in ("worth", "seen")
        for turn, at in ((100, 0.0), (1000, 0.0), (2000, 0.05))
    ]  # fmt: skip
    found = onemax.noise(EMPTY, pd.DataFrame(told))
    first = found.axes[0].lines[0]
    assert first.get_xdata().tolist() == [0.0, 0.05]
    assert first.get_ydata().tolist() == pytest.approx([91, 87])
    assert "n = 20" in found.get_suptitle()


@pytest.mark.parametrize(
    "draw", [*figures.FIGURES.values(), *league.FIGURES.values(), *onemax.FIGURES.values()]
)
def test_without_rows_nothing_is_drawn(draw):
    assert draw(EMPTY, EMPTY) is None
