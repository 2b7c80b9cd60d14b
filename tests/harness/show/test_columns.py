"""Every name in a table of methods is a column, and a cell says no more than was measured."""

from __future__ import annotations

import math

import pytest

from harness.show import columns

LINE = {
    **{"paper": "toy", "experiment": "fit", "dated": False, "task": "squares", "unit": "%"},
    **{"mean": 0.5, "low": 0.25, "high": 0.75, "sd": 0.1, "n": 3, "steps": 12000.0},
    **{"each": 1, "twice": False, "charged": ()},
    **{"seconds": 0.5, "flops": 0.0, "device": "Some CPU", "commit": "abc", "trial": "t0"},
}


@pytest.mark.parametrize("table", ["STANDINGS", "MEASURED", "COMPARED"])
def test_every_name_of_a_table_is_a_column(table):
    names = getattr(columns, table)
    assert set(names) <= set(columns.COLUMNS)
    assert len(set(names)) == len(names)
    assert len(columns.cells(LINE, names)) == len(names)


@pytest.mark.parametrize(
    ("low", "high", "written"),
    [
        (0.25, 0.75, "50.0 [25.0, 75.0] %"),
        (math.nan, math.nan, "50.0 %"),  # one replicate has no interval
        (0.5, 0.5, "50.0 %"),  # a count has no spread
    ],
)
def test_a_line_without_interval_shows_no_bracket(low, high, written):
    assert columns.estimate({**LINE, "low": low, "high": high}) == written


def test_work_without_matrix_products_has_a_dash():
    assert columns.cells(LINE, ("FLOPs",)) == ["–"]
    assert columns.cells({**LINE, "flops": 2e9}, ("FLOPs",)) != ["–"]


def test_only_the_name_of_what_other_code_made_is_marked():
    names = columns.STANDINGS
    now, then = (columns.cells({**LINE, "dated": dated}, names) for dated in (False, True))
    assert then == [f"{now[0]} {columns.DATED}", *now[1:]]


def test_methods_side_by_side_begin_with_what_they_cost():
    for table in (columns.STANDINGS, columns.COMPARED):
        assert table[1:4] == columns.COST


def test_a_cost_that_this_run_did_not_have_is_named():
    told = columns.cells({**LINE, "charged": ("seconds",), "seconds": 130.0}, columns.COST)
    assert told == ["12,000", "2:10 min charged", "–"]
    told = columns.cells({**LINE, "charged": ("steps", "flops"), "flops": 2e9}, columns.COST)
    assert told == ["12,000 charged", "0.5 s", "2 G charged"]


def test_n_counts_trials_and_says_how_many_searches_each_holds():
    assert columns.cells(LINE, ("n",)) == ["3"]
    assert columns.cells({**LINE, "each": 64}, ("n",)) == ["3 x 64"]


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ({"mean": 0.99, "low": 0.9, "high": 1.04}, "99.0 [90.0, 100.0] %"),
        ({"mean": 0.01, "low": -0.4, "high": 0.5}, "1.0 [0.0, 50.0] %"),
        ({"mean": 1.2, "low": -0.4, "high": 2.8}, "120.0 [-40.0, 280.0] %"),  # no fraction
        ({"unit": "points", "mean": 0.01, "low": -0.1, "high": 0.12}, "1.0 [-10.0, 12.0] points"),
    ],
)
def test_the_interval_of_a_fraction_stays_between_0_and_100(line, written):
    assert columns.estimate({**LINE, **line}) == written


def test_a_seed_that_stands_twice_has_no_mean():
    assert columns.estimate({**LINE, "twice": True}).startswith("invalid: the same seed")


def test_an_interval_of_errors_and_regrets_ends_at_zero():
    line = {**LINE, "unit": "points", "mean": 0.05, "low": -0.1, "high": 0.2}
    assert columns.estimate({**line, "floor": 0.0}) == "5.0 [0.0, 20.0] points"
    assert columns.estimate({**line, "floor": None}) == "5.0 [-10.0, 20.0] points"
