"""Building the table of truth: what is missing is trained, and comes out again."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch

from harness.paper import Refused
from papers.cells.league import builder, truth
from papers.cells.league.truth import Row, Table, needed
from papers.cells.space.classes import classes
from papers.cells.space.edge import T0, T1
from tests.lab.tables import MADE, rows

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


def test_the_committed_table_was_made_with_this_recipe_on_these_data(committed: Table):
    made = builder.header()
    committed.header.require(made.recipe, made.data, truth.COMMITTED)


@pytest.mark.slow
def test_two_rows_come_out_again(committed: Table):
    """The drift check in small; a nightly run retrains twenty."""
    assert builder.drift(committed, 2) <= 0.02


def test_classes_near_the_top_get_seeds_until_all_that_are_near_have_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # every class beside the best was lucky: with more seeds the next ones come near it
    base = {row.cell: 0.1 * (6 - row.cell.count("0")) for row in rows()}
    best = max(base.values())
    worth = {name: value if value < best else 0.9 * best for name, value in base.items()}
    asked: list[tuple[str, ...]] = []

    def instead(batch: builder.Batch) -> list[Row]:
        names, seeds, _ = batch
        asked.append(tuple(names))
        return [
            truth.row(name, seed, (0.3, 0.4, 0.5, worth[name], 1.0, 2.0))
            for name in names
            for seed in seeds
        ]

    monkeypatch.setattr(builder, "train", instead)
    monkeypatch.setattr(builder, "header", lambda: MADE)
    stored = {(row.cell, row.seed): row for row in rows()}
    monkeypatch.setattr(builder, "known", lambda made, path=None: dict(stored))
    table = Table(MADE, stored.values())
    near = table.near_top(T0)
    assert near and table.lacking(T0) == [(n, seed) for n in near for seed in truth.MORE]
    path = tmp_path / "work.jsonl"
    built = Table(MADE, builder.top(T0, path, 1, "cpu"))
    assert built.lacking(T0) == []
    trained = {name for names in asked for name in names}
    assert set(near) <= trained < set(base)
    assert {row.seed for row in built.rows if row.cell in trained} == set(range(10))
    lines = path.read_text().splitlines()
    assert len(lines) == 1 + 7 * len(trained)
    # what is there is not trained again
    assert len(builder.top(T0, path, 1, "cpu")) == len(built.rows)
    assert len(asked) == len(set(asked))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["T0", "--jobs", "0"], "--jobs 0: must be at least 1"),
        (["T0", "--jobs", "-1"], "--jobs -1: must be at least 1"),
        (["T0", "--drift", "0"], "--drift 0: must be at least 1"),
        (["T0", "--drift", "-1"], "--drift -1: must be at least 1"),
        (["t1"], "did you mean 'T1'"),
    ],
)
def test_what_makes_no_sense_is_refused_before_any_work(arguments, told):
    with pytest.raises(Refused, match=told):
        builder.main(arguments)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_refused():
    with pytest.raises(Refused, match="no usable GPU"):
        builder.main(["T0", "--device", "cuda", "--merge"])
