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


def test_the_interval_is_students():
    values = pd.Series([0.1, 0.2, 0.4])
    reach = student.ppf(0.975, 2) * values.std() / 3**0.5
    low, high = figures.interval(values)
    assert (low, high) == pytest.approx((values.mean() - reach, values.mean() + reach))
    assert figures.interval(pd.Series([0.3])) == (0.3, 0.3)


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
