"""The table of truth: whole, never averaged over doubles, never mixed with another recipe."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from harness.paper import Refused
from papers.cells.league import truth
from papers.cells.league.truth import Table, needed, read
from papers.cells.space.edge import T0, T0B, T1, T2
from tests.lab.tables import MADE, rows


def test_a_whole_table_has_three_rows_for_every_class():
    assert len(needed(T0)) == 3 * 60
    assert len(needed(T1)) == 3 * 941
    assert Table(MADE, rows()).problems(T0) == []


def test_spaces_are_views_of_one_table():
    """A code's row in T0 is that of the same cell in T2."""
    code = T0.code(("c3", "skip", "avg"))
    moved = T2.code(("c3", "none", "none", "skip", "avg", "none"))
    assert truth.name_of(T0, code) == truth.name_of(T2, moved)
    assert set(needed(T0)) <= set(needed(T2))
    assert set(needed(T1)) <= set(needed(T2))


def test_a_missing_row_is_reported_and_refused():
    table = Table(MADE, rows()[1:])
    (told,) = table.problems(T0)
    assert "1 of 180 rows of T0 missing" in told
    assert "builder T0" in told
    with pytest.raises(Refused, match="missing"):
        table.require_whole(T0)


def test_a_row_that_stands_twice_is_reported_and_not_averaged():
    all_rows = rows()
    again = replace(all_rows[7], test=0.99)
    table = Table(MADE, [*all_rows, again])
    (told,) = table.problems(T0)
    assert told == f"row twice: cell {again.cell}, seed {again.seed}"
    with pytest.raises(Refused, match="twice"):
        table.require_whole(T0)


@pytest.mark.parametrize("changed", ["recipe", "data"])
def test_another_recipe_or_other_data_are_refused_with_both_hashes(changed: str):
    wanted = {"recipe": MADE.recipe, "data": MADE.data, changed: "another"}
    with pytest.raises(Refused, match=r"one.*another"):
        MADE.require(wanted["recipe"], wanted["data"], "table")


def test_a_table_round_trips_and_equal_rows_give_equal_bytes(tmp_path: Path):
    paths = tmp_path / "one.csv.xz", tmp_path / "other.csv.xz"
    truth.write(Table(MADE, rows()), paths[0])
    truth.write(Table(MADE, reversed(rows())), paths[1])
    assert paths[0].read_bytes() == paths[1].read_bytes()
    found = read(paths[0])
    assert found.header == MADE
    assert set(found.rows) == set(rows())


def test_a_table_that_is_not_there_says_how_to_build_it(tmp_path: Path):
    with pytest.raises(Refused, match=r"papers\.cells\.builder"):
        read(tmp_path / "none.csv.xz")


@pytest.mark.parametrize("space", [T0, T0B, T1], ids=lambda space: space.name)
def test_the_committed_table_is_whole(committed: Table, space):
    assert committed.problems(space) == []


def test_the_committed_table_has_ten_seeds_of_every_class_near_the_top():
    table = truth.read()
    assert table.lacking(T1) == []
    counts = Counter(row.cell for row in table.rows)
    assert {counts[name] for name in table.near_top(T1)} == {10}
    assert set(counts.values()) == {3, 10}
