"""Every name in a table of methods is a column, and a cell says no more than was measured."""

from __future__ import annotations

import math

import pytest

from harness.show import columns

LINE = {
    **{"paper": "toy", "experiment": "fit", "dated": False, "task": "squares", "unit": "%"},
    **{"mean": 0.5, "low": 0.25, "high": 0.75, "sd": 0.1, "n": 3, "steps": 12000.0},
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
