"""A table of one wide file becomes two tidy ones; what replays found says the instruction set."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd
import pytest

from harness.paper import Refused
from harness.record import journal, lineage, sheet, tables
from harness.record.convert import convert
from harness.record.lineage import Confirmation, Lineage
from tests.lab.journals import six

GROUP = ("tiny", "fit/mlp", "smoke")


def wide(table: pd.DataFrame, path: Path) -> None:
    """Write a table as it was: a column for each metric, neither `isa` nor digests."""
    old = table.drop(columns=["isa", "digest"])
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(old.columns)
    for record in old.to_dict("records"):
        kinds = {name: tables.FIXED.get(str(name)) for name in record}
        cells = [sheet.cell(value, kinds[name]) for name, value in record.items()]
        writer.writerow(cells)
    path.write_text(text.getvalue(), newline="")


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    (tmp_path / "reports").mkdir()
    return tmp_path / "reports"


@pytest.fixture
def table(tmp_path: Path) -> pd.DataFrame:
    six(tmp_path / "runs")
    return tables.merge(tables.typed([]), tables.frame(journal.read_all(tmp_path / "runs")[0]))


def test_nothing_is_lost_and_a_second_time_changes_nothing(reports, table):
    path = reports / "results.csv"
    wide(table, path)
    assert list(convert(reports)) == ["unknown: 8 rows"]
    pd.testing.assert_frame_equal(tables.load(path), table)
    written = {file.name: file.read_bytes() for file in reports.iterdir()}
    assert set(written) == {"results.csv", "measured.csv"}
    assert list(convert(reports)) == ["unknown: 8 rows"]
    assert {file.name: file.read_bytes() for file in reports.iterdir()} == written


@pytest.mark.parametrize(("said", "isa"), [("avx2", "avx2"), ("native", "avx512")])
def test_a_confirmed_group_gets_the_set_of_its_replay(reports, table, said, isa):
    wide(table, reports / "results.csv")
    lineage.confirm(reports, [Confirmation(*GROUP, "c0de", "new", "c0ffee", said, "t0")])
    assert list(convert(reports)) == [f"{isa}: 8 rows"]
    assert set(tables.load(reports / "results.csv")["isa"]) == {isa}
    assert [line.isa for line in Lineage.load(reports).confirmed] == [isa]


def test_a_group_of_other_code_or_a_row_that_knows_its_set_is_left_alone(reports, table):
    known = table.assign(isa=["sve256", *[""] * 7])
    tables.store(tables.sealed(known), reports / "results.csv")
    lineage.confirm(reports, [Confirmation(*GROUP, "other", "new", "c0ffee", "avx2", "t0")])
    assert list(convert(reports)) == ["unknown: 7 rows", "sve256: 1 rows"]


def test_rows_that_somebody_changed_are_not_sealed(reports, table):
    tables.store(table, reports / "results.csv")
    measured = reports / "measured.csv"
    measured.write_text(measured.read_text().replace("accuracy,0.3", "accuracy,0.9", 1))
    written = measured.read_bytes()
    with pytest.raises(Refused, match="its numbers are not those that were measured"):
        list(convert(reports))
    assert measured.read_bytes() == written
