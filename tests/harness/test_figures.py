"""What papers draw with: the deepest budget, intervals and lines."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from scipy.stats import t as student

from harness import figures


def test_the_deepest_budget_with_such_an_experiment():
    rows = pd.DataFrame(
        {"experiment": ["a/x", "a/y", "b/x"], "budget": ["smoke", "nightly", "paper"]}
    )
    assert figures.deepest(rows, "a/") == "nightly"
    assert figures.deepest(rows, "b/") == "paper"
    assert figures.deepest(rows, "c/") is None


def test_the_rows_of_the_deepest_budget_are_those_of_all_experiments_there():
    rows = pd.DataFrame(
        {
            "experiment": ["a/x", "a/x", "b/x", "b/y"],
            "budget": ["smoke", "nightly", "nightly", "paper"],
        }
    )
    assert list(figures.deepest_rows(rows, "a/").index) == [1, 2]
    assert list(figures.deepest_rows(rows).index) == [3]
    assert figures.deepest_rows(rows, "c/").empty
    assert figures.deepest_rows(rows.iloc[:0], "").empty


def test_a_settled_curve_has_the_last_row_of_each_place_at_the_deepest_budget():
    rows = pd.DataFrame(
        {
            "experiment": "a/x",
            "metric": "error",
            "budget": ["smoke", "nightly", "nightly", "nightly", "nightly"],
            "turn": [9, 2, 1, 5, 5],
            "at": [1, 4, 4, 2, None],
            "mean": [0.1, 0.2, 0.3, 0.4, 0.5],
            "n": [1, 3, 3, 3, 8],
        }
    )
    read = figures.settled(rows, "a/x", "error")
    assert list(zip(read["at"], read["mean"], strict=True)) == [(2, 0.4), (4, 0.2)]
    assert figures.settled(rows, "a/x", "loss").empty
    assert figures.note(rows, "a/x") == "budget nightly, n = 3"


def test_the_interval_is_the_one_that_verdicts_are_found_by():
    """Student's where nothing is skewed, wider on the long side of what is; none for a few."""
    even = pd.Series([0.1, 0.2, 0.3])
    reach = student.ppf(0.975, 2) * even.std() / 3**0.5
    low, high = figures.interval(even)
    assert low <= 0.2 - reach + 1e-12 and high >= 0.2 + reach - 1e-12
    assert low + high == pytest.approx(0.4)
    low, high = figures.interval(pd.Series([0.1, 0.2, 0.9]))
    assert high - 0.4 > 0.4 - low
    assert figures.interval(pd.Series([0.3, 0.4])) == (0.35, 0.35)


def test_a_line_is_drawn_in_order_with_its_interval():
    rows = pd.DataFrame(
        {"at": [3.0, 1.0, 2.0], "mean": [0.3, 0.1, 0.2], "sd": [0.1, np.nan, 0.0], "n": [4, 1, 4]}
    )
    axes = Figure().subplots()
    figures.line(axes, rows, "at", scale=100, label="ours")
    (drawn,) = axes.lines
    assert drawn.get_xdata().tolist() == [1, 2, 3]
    assert drawn.get_ydata() == pytest.approx([10, 20, 30])
    (band,) = axes.collections
    top = band.get_paths()[0].vertices[:, 1].max()
    assert top == pytest.approx(30 + student.ppf(0.975, 3) * 10 / 2)


def test_there_is_no_band_below_three_replicates():
    rows = pd.DataFrame({"at": [1.0, 2.0], "mean": [0.1, 0.2], "sd": [0.5, 0.5], "n": [2, 2]})
    axes = Figure().subplots()
    figures.line(axes, rows, "at")
    (band,) = axes.collections
    assert band.get_paths()[0].vertices[:, 1].max() == pytest.approx(0.2)


def test_a_legend_stands_only_where_something_is_named():
    axes = Figure().subplots()
    figures.legend(axes)
    assert axes.get_legend() is None
    axes.plot([1, 2], label="ours")
    figures.legend(axes, fontsize=8)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["ours"]


def test_every_method_has_a_colour_and_a_shape_of_its_own():
    looks = {tuple(figures.look(at).values()) for at in range(120)}
    assert len(looks) == 120
    near = [figures.look(at) for at in range(len(figures.COLOURS))]
    assert len({look["marker"] for look in near}) == len({look["color"] for look in near})


@pytest.mark.parametrize(("metric", "least"), [("test_error", 0.0), ("error_gap", None)])
def test_an_interval_of_errors_is_cut_at_zero_and_that_of_differences_is_not(metric, least):
    low, high = figures.interval(pd.Series([0.0, 0.01, 0.5], name=metric))
    assert high > 0.17
    assert (low == 0.0) == (least == 0.0)
    rows = pd.DataFrame({"at": [1.0], "mean": [0.1], "sd": [0.5], "n": [4], "metric": [metric]})
    axes = Figure().subplots()
    figures.line(axes, rows, "at")
    (band,) = axes.collections
    assert (band.get_paths()[0].vertices[:, 1].min() == 0.0) == (least == 0.0)


def test_an_interval_of_differences_of_errors_may_lie_below_zero():
    apart = pd.Series([-0.2, -0.1, -0.15], name="regret")
    low, high = figures.interval(apart)
    assert low < apart.mean() < high < 0
