"""The table of truth: whole, never averaged over doubles, never mixed with another recipe."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from harness.paper import Refused
from papers.cells.league import builder, truth
from papers.cells.league.truth import Header, Row, Table, needed, read
from papers.cells.space.classes import classes
from papers.cells.space.edge import T0, T0B, T1, T2

MADE = Header("recipe-one", "data-one", "2.13.0")


def rows(space=T0) -> list[Row]:
    """Return made-up rows: the more edges, the better."""
    return [
        truth.row(name, seed, (0.3, 0.4, 0.5, 0.1 * (6 - name.count("0")) + 0.01 * seed, 1.0, 2.0))
        for name, seed in needed(space)
    ]


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


# -- the builder ----------------------------------------------------------------------------------


def test_a_work_file_goes_on_after_a_torn_line_and_refuses_another_recipe(tmp_path: Path):
    path = tmp_path / "work.jsonl"
    assert builder.appended(path, MADE) == []
    some = rows()[:3]
    lines = [json.dumps(asdict(row)) for row in some]
    with path.open("a") as file:
        file.write("\n".join(lines) + "\n" + lines[0][:20])
    assert builder.appended(path, MADE) == some
    assert builder.appended(path, MADE) == some
    with pytest.raises(Refused, match=r"recipe-one.*recipe-two"):
        builder.appended(path, replace(MADE, recipe="recipe-two"))


def test_batches_hold_every_cell_once_and_like_cells_together():
    names = sorted({name for name, _ in needed(T1)})
    work = builder.batches(names, "cpu")
    assert sorted(name for batch in work for name in batch[0]) == names
    assert {len(batch[0]) for batch in work[:-1]} == {4}


def test_building_trains_what_is_missing_and_only_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    asked: list[str] = []

    def instead(batch: builder.Batch) -> list[Row]:
        asked.extend(batch[0])
        return [r for r in rows() if r.cell in batch[0]]

    monkeypatch.setattr(builder, "train", instead)
    monkeypatch.setattr(builder, "header", lambda: MADE)
    monkeypatch.setattr(builder, "known", lambda made, path=None: {})
    path = tmp_path / "work.jsonl"
    builder.appended(path, MADE)
    known = rows()[:6]  # two classes
    with path.open("a") as file:
        file.writelines(json.dumps(asdict(row)) + "\n" for row in known)
    built = builder.build(T0, path, 1, "cpu")
    assert len(asked) == 58
    assert set(built) == set(rows())


def test_merging_keeps_what_is_there_and_building_skips_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    built = rows()
    monkeypatch.setattr(builder, "header", lambda: MADE)
    target = tmp_path / "table.csv.xz"
    assert builder.merge(built, target).problems(T0) == []
    changed = [replace(row, test=0.0) for row in built]
    assert set(builder.merge(changed, target).rows) == set(built)  # what is there stays
    monkeypatch.setattr(builder, "known", lambda made, path=None: {
        (row.cell, row.seed): row for row in built})  # fmt: skip
    monkeypatch.setattr(builder, "train", lambda batch: pytest.fail("trained again"))
    assert set(builder.build(T0, tmp_path / "work.jsonl", 1, "cpu")) == set(built)


def test_a_real_batch_gives_a_row_for_every_class_and_seed(monkeypatch: pytest.MonkeyPatch):
    short = replace(builder.mnist1d.RECIPE, steps=3)
    monkeypatch.setattr(builder.mnist1d, "RECIPE", short)
    names = [truth.name_of(T0, code) for code in classes(T0).representatives[:2]]
    made = builder.train((names, truth.SEEDS, "cpu"))
    assert sorted((row.cell, row.seed) for row in made) == [
        (name, seed) for name in sorted(names) for seed in truth.SEEDS
    ]
    assert all(0 <= row.test <= 1 and row.cpu_s > 0 for row in made)


# -- what is committed ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def committed() -> Table:
    return read()


@pytest.mark.parametrize("space", [T0, T0B, T1], ids=lambda space: space.name)
def test_the_committed_table_is_whole(committed: Table, space):
    assert committed.problems(space) == []


def test_the_committed_table_was_made_with_this_recipe_on_these_data(committed: Table):
    made = builder.header()
    committed.header.require(made.recipe, made.data, truth.COMMITTED)


@pytest.mark.slow
def test_two_rows_come_out_again(committed: Table):
    """The drift check in small; a nightly run retrains twenty."""
    assert builder.drift(committed, 2) <= 0.02
