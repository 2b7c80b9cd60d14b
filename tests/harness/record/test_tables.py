"""Results as tables: nothing lost, nothing twice, and a file gives back what it got."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.paper import Refused
from harness.record import journal, tables
from tests.lab.journals import Lab, six


def table_of(runs: Path) -> pd.DataFrame:
    return tables.frame(journal.read_all(runs)[0])


def test_one_row_a_replicate(tmp_path: Path):
    six(tmp_path)
    table = table_of(tmp_path)
    assert len(table) == 8
    metrics = ["accuracy", "genotype", "good"]  # t4's loss is no number
    assert list(table.columns) == [*tables.FIRST, *metrics, *tables.LAST]
    by_trial = table.set_index(["trial", "member"])
    stacked = by_trial.loc["t3"]
    assert list(stacked["accuracy"]) == [1.0, 2.0, 3.0]
    assert set(stacked["members"]) == {3}
    assert stacked["steps"].sum() == pytest.approx(40.0)
    first = by_trial.loc[("t0", 0)]
    assert first["accuracy"] == 0.3
    assert (first["steps"], first["seconds"], first["flops"]) == (40.0, 2.0, 400.0)
    assert first["config"] == '{"lr": 0.1, "retrain": {"epochs": 3}}'
    assert (first["data"], first["device"], first["commit"]) == ("digits", "Some CPU", "abc")
    assert by_trial.loc[("t4", 0), "genotype"] == "0123"
    assert by_trial.loc[("t4", 0), "good"] == 1.0
    assert by_trial.loc[("t1", 0), "error"] == "ValueError: no"
    running = by_trial.loc[("t5", 0)]
    assert (running["status"], running["finished"], running["steps"]) == ("running", "", 20.0)
    assert first["started"].endswith("+00:00")


def test_a_trial_without_rows_keeps_its_status(tmp_path: Path):
    Lab(tmp_path, "t").end("failed", "", "ImportError")
    Lab(tmp_path, "u", 1).rows(0, 1).end()
    table = table_of(tmp_path).set_index("trial")
    assert math.isnan(table.loc["t", "accuracy"])
    assert (table.loc["t", "status"], table.loc["t", "members"]) == ("failed", 0)


def test_a_metric_called_like_a_column_is_kept_beside_it(tmp_path: Path):
    Lab(tmp_path, "t").row(0, 1, error=0.25, steps=7).end()
    table = table_of(tmp_path)
    assert table[tables.column("error")].tolist() == [0.25]
    assert table[tables.column("steps")].tolist() == [7.0]
    assert table["error"].tolist() == [""]
    assert table["steps"].tolist() == [40.0]


def test_curves_have_a_line_for_every_row(tmp_path: Path):
    six(tmp_path)
    table = tables.curves(journal.read_all(tmp_path)[0])
    assert len(table) == 18
    assert list(table.columns)[: len(tables.CURVE)] == list(tables.CURVE)
    first = table[table["trial"] == "t0"]
    assert first["accuracy"].tolist() == [0.0, 0.1, 0.2, 0.3]
    assert first["steps"].tolist() == [10.0, 20.0, 30.0, 40.0]
    assert set(first["phase"]) == {"train"}


def test_a_missing_file_is_a_table_without_rows(tmp_path: Path):
    table = tables.load(tmp_path / "missing.csv")
    assert table.empty
    assert list(table.columns) == [*tables.FIRST, *tables.LAST]
    tables.store(table, tmp_path / "again.csv")
    pd.testing.assert_frame_equal(tables.load(tmp_path / "again.csv"), table)


def test_the_table_of_journals_survives_its_file(tmp_path: Path):
    six(tmp_path)
    table = tables.merge(tables.load(tmp_path / "none.csv"), table_of(tmp_path))
    tables.store(table, tmp_path / "reports" / "results.csv")
    pd.testing.assert_frame_equal(tables.load(tmp_path / "reports" / "results.csv"), table)


CURVES = "paper,experiment,budget,turn,at,metric,mean,sd,n\n"


def test_averaged_curves_are_read_with_their_types(tmp_path: Path):
    path = tmp_path / "curves.csv"
    assert tables.averages(path).empty
    lines = "0123,fit,smoke,3,,loss,0.25,,1\n0123,fit,smoke,4,16,loss,1,0.5,2\n"
    path.write_text(f"\ufeff{CURVES}{lines}")
    table = tables.averages(path)
    assert table["paper"].tolist() == ["0123", "0123"]
    assert table["turn"].tolist() == [3, 4]
    assert table["at"].isna().tolist() == table["sd"].isna().tolist() == [True, False]
    assert [table[name].dtype.kind for name in ("turn", "at", "mean", "sd", "n")] == list("ifffi")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("p,fit,smoke,3,,loss,low,,1\n", "line 2 has 'low' in column 'mean'"),
        ("p,fit,smoke,3,,loss,0.2", "line 2 is cut"),
        ("p,fit,smoke,3,,loss,0.2\n", "line 2 has 7 cells in 9 columns"),
    ],
)
def test_curves_that_are_not_as_they_were_written_are_refused(tmp_path: Path, line: str, why: str):
    path = tmp_path / "curves.csv"
    path.write_text(CURVES + line)
    with pytest.raises(Refused, match=f"curves.csv: {why}"):
        tables.averages(path)


NUMBERS = st.floats() | st.integers(-(2**53), 2**53).map(float)
METRICS = st.dictionaries(st.sampled_from(["a", "b", "Z"]), NUMBERS | st.text(), max_size=3)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "trial": st.sampled_from(["t0", "t1", "t2"]),
            "member": st.integers(0, 2),
            "seed": st.integers(0, 2),
            "error": st.text(),
            "status": st.just("failed"),
            "dirty": st.booleans(),
            "steps": NUMBERS,
        }
    ).flatmap(lambda fixed: METRICS.map(lambda metrics: {**metrics, **fixed})),
    max_size=5,
    unique_by=lambda row: (row["trial"], row["member"]),
)
quick = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def make(rows: list[dict]) -> pd.DataFrame:
    return tables.sealed(tables.typed(rows))


@pytest.mark.slow
@quick
@given(ROWS)
def test_a_table_comes_back_from_its_file(tmp_path: Path, rows: list[dict]):
    first, second = (tmp_path / name / "results.csv" for name in "12")
    table = make(rows)
    tables.store(table, first)
    back = tables.load(first)
    pd.testing.assert_frame_equal(back, table, check_exact=True)
    tables.store(back, second)
    for name in ("results.csv", "measured.csv"):
        assert first.with_name(name).read_bytes() == second.with_name(name).read_bytes()


@pytest.mark.slow
@quick
@given(ROWS, ROWS)
def test_a_merge_loses_nothing_and_local_wins(committed: list[dict], local: list[dict]):
    old, new = make(committed), make(local)
    both = tables.merge(old, new)
    keys = [tuple(key) for key in both[["trial", "member"]].itertuples(index=False)]
    assert set(keys) == {(row["trial"], row["member"]) for row in (*committed, *local)}
    assert len(set(keys)) == len(keys)
    latest = {(row["trial"], row["member"]): row["error"] for row in (*committed, *local)}
    assert dict(zip(keys, both["error"], strict=True)) == latest
    pd.testing.assert_frame_equal(tables.merge(old, both), both)
    pd.testing.assert_frame_equal(tables.merge(both, new), both)
    pd.testing.assert_frame_equal(tables.merge(both, both.sample(frac=1, random_state=0)), both)
