"""Everything below reports/ follows from results.csv, and no result that was reported is lost."""

from __future__ import annotations

import shutil

import pytest

from harness.paper import Refused
from harness.record import journal, tables
from harness.show import report
from tests.lab.commands import call
from tests.lab.reports import measure, rows, write


def test_reporting_twice_gives_the_same_bytes(paper, tmp_path):
    for seed in range(3):
        measure(paper, tmp_path / "runs", seed, 0.5 + seed / 10)
    first = write(paper, tmp_path)
    assert set(first) == {
        *(
            "results.csv",
            "measured.csv",
            "curves.csv",
            "comparison.md",
            "comparison.tex",
            "index.html",
        ),
        f"{paper.name}.md",
        *(f"figures/{paper.name}-claims.{kind}" for kind in ("png", "svg")),
        *(f"figures/headlines.{kind}" for kind in ("png", "svg")),
    }
    assert write(paper, tmp_path) == first


def test_a_fresh_clone_renders_the_same_pages_without_runs(paper, tmp_path):
    for seed in range(3):
        measure(paper, tmp_path / "runs", seed, 0.5 + seed / 10)
    first = write(paper, tmp_path)
    shutil.rmtree(tmp_path / "runs")
    kept = {"results.csv", "measured.csv", "curves.csv"}
    for name in set(first) - kept:
        (tmp_path / "reports" / name).unlink()
    assert write(paper, tmp_path) == first


def test_no_row_is_lost_when_local_runs_are_merged(paper, tmp_path):
    home = measure(paper, tmp_path / "runs", 0, 0.1)
    measure(paper, tmp_path / "runs", 1, 0.2)
    write(paper, tmp_path)
    shutil.rmtree(tmp_path / "runs")
    again = measure(paper, tmp_path / "runs", 0, 0.3, finished=5000.0)
    assert again == home  # the same trial, measured again: local wins
    measure(paper, tmp_path / "runs", 2, 0.4, code="newer", trial="n", finished=6000.0)
    write(paper, tmp_path)
    assert [(row["seed"], row["loss"]) for row in rows(tmp_path)] == [
        ("0", "0.3"), ("1", "0.2"), ("2", "0.4"),
    ]  # fmt: skip


@pytest.mark.parametrize("clock", [5.0, 4e9])  # of the years 1970 and 2096
def test_a_clock_that_ran_wrong_decides_no_page_and_no_curve(paper, tmp_path, clock):
    measure(paper, tmp_path / "runs", 0, 0.5, finished=1e9)
    expected = write(paper, tmp_path)
    shutil.rmtree(tmp_path / "reports")
    measure(paper, tmp_path / "runs", 0, 0.9, code="older", trial="o", finished=clock)
    told = write(paper, tmp_path)
    results = {"results.csv", "measured.csv"}
    assert {name: told[name] for name in told if name not in results} == {
        name: expected[name] for name in expected if name not in results
    }


def test_a_failure_on_this_machine_does_not_replace_a_reported_result(paper, tmp_path):
    measure(paper, tmp_path / "runs", 0, 0.5)
    write(paper, tmp_path)
    shutil.rmtree(tmp_path / "runs")
    measure(paper, tmp_path / "runs", 0, 0.0, status="failed")
    measure(paper, tmp_path / "runs", 1, 0.0, status="failed")
    write(paper, tmp_path)
    assert [(row["seed"], row["status"]) for row in rows(tmp_path)] == [
        ("0", "completed"), ("1", "failed"),
    ]  # fmt: skip


@pytest.mark.parametrize("aside", ["replays", "nights/2026-12-01"])
def test_what_a_replay_or_a_night_measures_is_no_result(paper, tmp_path, aside):
    measure(paper, tmp_path / "runs", 0, 0.5)
    measure(paper, tmp_path / "runs" / aside, 0, 0.7, code="newer", trial="n", finished=9e3)
    write(paper, tmp_path)
    assert [row["loss"] for row in rows(tmp_path)] == ["0.5"]


def test_an_unfinished_trial_is_no_result_yet(paper, tmp_path):
    measure(paper, tmp_path / "runs", 0, 0.5)
    path = measure(paper, tmp_path / "runs", 1, 0.6) / journal.NAME
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    write(paper, tmp_path)
    assert [row["seed"] for row in rows(tmp_path)] == ["0"]


def test_what_was_stored_is_loaded_again(paper, tmp_path):
    measure(paper, tmp_path / "runs", 0, 1 / 3)
    write(paper, tmp_path)
    table, problems = report.read_results(tmp_path / "runs", tmp_path / "reports")
    assert problems == []
    again = tables.load(tmp_path / "reports" / "results.csv")
    assert again.equals(table[again.columns])
    assert again["loss"].item() == 1 / 3


def test_a_damaged_journal_is_reported_by_name_and_the_others_stand(paper, tmp_path, capsys):
    path = measure(paper, tmp_path / "runs", 0, 0.5) / journal.NAME
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b"{}\n", *lines[2:]]))
    for seed in (1, 2):
        measure(paper, tmp_path / "runs", seed, 0.6 + seed / 100)
    places = ("--runs", tmp_path / "runs", "--reports", tmp_path / "reports")
    assert call("report", paper, *places) == 1
    assert f"damaged, left out: {path}: line 2 is damaged" in capsys.readouterr().out
    assert [row["seed"] for row in rows(tmp_path)] == ["1", "2"]
    assert call("verify", paper, "--budget", "smoke", *places) == 1
    said = capsys.readouterr().out.replace("\n", "")
    assert f"{path}: line 2 is damaged" in said
    assert "loss: incomplete: fit: 1 of 3 trials missing: seed 0" in said


def test_nothing_to_report_is_refused_and_writes_nothing(paper, tmp_path):
    with pytest.raises(Refused, match="nothing to report"):
        write(paper, tmp_path)
    assert not (tmp_path / "reports").exists()


def test_a_folder_that_cannot_be_written_is_refused(paper, tmp_path, capsys):
    measure(paper, tmp_path / "runs", 0, 0.5)
    (tmp_path / "file").write_text("")
    for reports in (tmp_path / "file", tmp_path / "file" / "below"):
        assert call("report", paper, "--runs", tmp_path / "runs", "--reports", reports) == 2
        said = capsys.readouterr().err
        assert said.startswith("error: ")
        assert said.count("\n") == 1
        assert str(reports) in said


def test_only_the_asked_budgets_are_shown_and_all_are_kept(paper, tmp_path):
    measure(paper, tmp_path / "runs", 0, 0.5)
    measure(paper, tmp_path / "runs", 0, 0.5, budget_name="nightly")
    made = write(paper, tmp_path, ["nightly"])
    assert "## Budget `nightly`" in made[f"{paper.name}.md"].decode()
    assert "## Budget `smoke`" not in made[f"{paper.name}.md"].decode()
    assert "budget `smoke`" not in made["comparison.md"].decode()
    assert [row["budget"] for row in rows(tmp_path)] == ["nightly", "smoke"]


def test_curves_survive_a_clone_without_runs_as_numbers(tmp_path, paper):
    measure(paper, tmp_path / "runs", 0)
    first = write(paper, tmp_path)
    shutil.rmtree(tmp_path / "runs")
    assert write(paper, tmp_path) == first
    curves = tables.averages(tmp_path / "reports" / "curves.csv")
    assert len(curves)
    assert [curves[name].dtype.kind for name in ("turn", "mean", "sd", "n")] == [
        "i",
        "f",
        "f",
        "i",
    ]
