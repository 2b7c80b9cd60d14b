"""`export`: one file for other tools, from the tables and from the journals."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path

import pytest

from harness.record import journal
from tests.lab.commands import call
from tests.lab.reports import measure, read
from tests.lab.throwaway import make_paper


@pytest.fixture
def paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three reported trials, of which one journal is left here, and one that was not reported."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    folder = make_paper(tmp_path / "papers")
    homes = [measure(folder, Path("runs"), seed, 0.5 + seed) for seed in range(3)]
    assert call("report", folder) == 0
    for home in homes[:2]:
        home.rename(tmp_path / home.name)
    measure(folder, Path("runs"), 3, 3.5)
    return folder


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def exported(capsys, *arguments: object) -> str:
    capsys.readouterr()
    assert call("export", *arguments) == 0
    return capsys.readouterr().out


def test_results_are_those_of_the_tables_and_of_this_machine(paper, capsys):
    rows = table(exported(capsys))
    assert [(row["seed"], row["loss"]) for row in rows] == [
        (str(seed), str(0.5 + seed)) for seed in range(4)
    ]
    assert {row["current"] for row in rows} == {"True"}
    assert {row["paper"] for row in rows} == {paper.name}


def test_json_has_results_and_curves_and_the_file_says_the_format(paper, capsys):
    said = exported(capsys, "--out", "all.json")
    assert said == "all.json: 4 results, 1 curves\n"
    content = json.loads(Path("all.json").read_text())
    assert [row["loss"] for row in content["results"]] == [0.5, 1.5, 2.5, 3.5]
    assert content["results"][0]["lost_seconds"] == 0.0
    (curve,) = content["curves"]
    assert (curve["metric"], curve["mean"], curve["n"], curve["at"]) == ("loss", 1.5, 3, None)
    assert json.loads(exported(capsys, "--format", "json")) == content


def test_rows_are_the_measurements_of_the_journals_that_are_here(paper, capsys):
    assert exported(capsys, "--table", "rows", "--out", "rows.csv") == "rows.csv: 2 rows\n"
    assert [(row["seed"], row["turn"], row["loss"]) for row in read(Path("rows.csv"))] == [
        ("2", "20", "2.5"),
        ("3", "20", "3.5"),
    ]


def test_papers_and_budgets_choose(paper, tmp_path, capsys):
    other = make_paper(tmp_path / "papers", "other")
    measure(other, Path("runs"), 7, budget_name="nightly")
    measure(other, Path("runs"), 8, budget_name="smoke, 20 steps")
    seeds = {
        arguments: [
            row["seed"] for row in csv.DictReader(io.StringIO(exported(capsys, *arguments)))
        ]
        for arguments in ((), (paper,), (other,), (other, "--budget", "smoke"))
    }
    assert sorted(seeds[()]) == ["0", "1", "2", "3", "7", "8"]
    assert seeds[(paper,)] == ["0", "1", "2", "3"]
    assert sorted(seeds[(other,)]) == ["7", "8"]
    assert seeds[(other, "--budget", "smoke")] == ["8"]


def test_what_older_code_measured_is_marked_and_what_was_removed_is_left_out(paper, capsys):
    measure(paper, Path("runs"), 9, 9.0, code="older", trial="older")
    trial = journal.read(next(Path("runs").rglob("seed3-*"))).trial
    assert call("remove", trial, "--because", "so", "--yes") == 0
    for name in ("results", "rows"):
        rows = table(exported(capsys, "--table", name))
        assert "3" not in {row["seed"] for row in rows}
    rows = table(exported(capsys))
    assert {row["seed"]: row["current"] for row in rows} == {
        **dict.fromkeys("012", "True"),
        "9": "False",
    }


def test_json_has_no_number_that_json_does_not_know(paper, capsys):
    measure(paper, Path("runs"), 4, math.inf, status="failed")
    rows = json.loads(exported(capsys, "--format", "json"))["results"]
    assert [row["loss"] for row in rows] == [0.5, 1.5, 2.5, 3.5, "inf"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--format", "xlsx"), "unknown format 'xlsx'"),
        (("--format", "jsn"), "did you mean 'json'"),
        (("--format", "csv", "--out", "x.json"), "the file is called x.json"),
        (("--out", "x.parquet"), "add --format csv or json"),
        (("--out", "there.csv"), "--out there.csv: is there already; say --overwrite"),
        (("--out", "reports/results.csv/x.csv"), "cannot be written"),
        (("--table", "curve"), "did you mean 'curves'"),
        (("--table", "rows", "--table", "curves"), "holds one table; say --format json"),
        (("--budget", "nightli"), "did you mean 'nightly'"),
        (("--runs", "none", "--reports", "none"), "nothing to export"),
    ],
)
def test_what_cannot_be_exported_is_refused_in_one_line(paper, capsys, arguments, reason):
    Path("there.csv").write_text("mine")
    capsys.readouterr()
    assert call("export", *arguments) == 2
    said = capsys.readouterr()
    assert reason in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert Path("there.csv").read_text() == "mine"


def test_a_file_is_replaced_when_it_was_said(paper, capsys):
    Path("there.csv").write_text("mine")
    exported(capsys, "--out", "there.csv", "--overwrite")
    assert len(read(Path("there.csv"))) == 4


def test_what_is_left_out_is_told_beside_the_file(paper, capsys):
    path = next(Path("runs").rglob("seed3-*")) / journal.NAME
    path.write_bytes(path.read_bytes().replace(b'"loss"', b'"gain"', 1))
    capsys.readouterr()
    assert call("export") == 1
    said = capsys.readouterr()
    assert f"left out: {path}: line" in said.err
    assert len(said.out.splitlines()) == 4
