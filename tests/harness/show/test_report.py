"""Everything below reports/ follows from results.csv, and no result that was reported is lost."""

from __future__ import annotations

import csv
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from harness.paper import Refused
from harness.plan import discover
from harness.plan.specs import Spec
from harness.record import journal, tables
from harness.record.journal import Result
from harness.show import columns, pages, report
from harness.show.board import Board
from tests.lab.commands import call
from tests.lab.measured import result
from tests.lab.throwaway import make_paper

CLAIM = 'AtLeast(EXPERIMENTS[0], "loss", 0.0)'
SECOND = """,
        Claim(
            "doubt",
            "100 % of the_losses are above 9",
            "Table_2",
            Published("9 %", 9.0),
            Value(EXPERIMENTS[0], "loss", 9.0, 10.0),
            budgets=("smoke",),
            expected=EXPECTED,
            note="a | sign",
        ),
    ],
    deviations"""


@pytest.fixture
def paper(tmp_path):
    """A paper with two claims: a loss at least 0.4, and (not expected) at least 9."""
    return two_claims(make_paper(tmp_path, experiments=("fit", "more_of_it")))


def two_claims(folder: Path, expected: bool = False, threshold: float = 0.4) -> Path:
    text = (folder / "paper.py").read_text()
    assert CLAIM in text
    text = text.replace("import AtLeast\n", "import AtLeast, Value\n")
    text = text.replace(CLAIM, CLAIM.replace("0.0", str(threshold)))
    text = text.replace("\n    ],\n    deviations", SECOND.replace("EXPECTED", str(expected)))
    (folder / "paper.py").write_text(text)
    return folder


def measure(folder: Path, runs: Path, *arguments: object, **how: object) -> Path:
    """Write the journal of a finished trial below `runs`; arguments as those of `result`."""
    made: Result = result(folder, *arguments, **how)
    home = Spec(**made.spec).home(runs)
    Spec(**made.spec).write(home)
    entries = [
        {"kind": "start", "spec": made.spec, "provenance": made.provenance, "time": made.started},
        {"kind": "data", **made.data, "time": made.started},
        {"kind": "restored", "rows": 0, "seconds": 0.0, "time": made.started},
        *({"kind": "row", **row, "time": made.finished} for row in made.rows),
        {
            **{"kind": "end", "status": made.status, "error": made.error},
            **{"stopped_by": made.stopped_by, "cost": made.cost, "time": made.finished},
        },
    ]
    (home / journal.NAME).write_bytes(b"".join(map(journal.encode, entries)))
    return home


def write(folder: Path, home: Path, budgets: list[str] | None = None) -> dict[str, bytes]:
    """Report the runs of `home`; return {file below reports/: bytes}."""
    reports = home / "reports"
    list(report.write([discover.load(folder)], home / "runs", reports, budgets))
    return {
        str(file.relative_to(reports)): file.read_bytes()
        for file in sorted(reports.rglob("*"))
        if file.is_file()
    }


def rows(home: Path) -> list[dict[str, str]]:
    with (home / "reports" / "results.csv").open(newline="") as handle:
        return list(csv.DictReader(handle))


# -- results.csv is the record --------------------------------------------------------------------


def test_reporting_twice_gives_the_same_bytes(paper, tmp_path):
    for seed in range(3):
        measure(paper, tmp_path / "runs", seed, 0.5 + seed / 10)
    first = write(paper, tmp_path)
    assert set(first) == {
        *("results.csv", "curves.csv", "comparison.md", "comparison.tex", "index.html"),
        *(f"{paper.name}.md", f"figures/{paper.name}-claims.png"),
    }
    assert write(paper, tmp_path) == first


def test_a_fresh_clone_renders_the_same_pages_without_runs(paper, tmp_path):
    for seed in range(3):
        measure(paper, tmp_path / "runs", seed, 0.5 + seed / 10)
    first = write(paper, tmp_path)
    shutil.rmtree(tmp_path / "runs")
    kept = {"results.csv", "curves.csv"}
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


def test_a_replay_is_not_a_result(paper, tmp_path):
    measure(paper, tmp_path / "runs", 0, 0.5)
    measure(paper, tmp_path / "runs" / "replays", 0, 0.7, code="newer", trial="n", finished=9e3)
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
    measure(paper, tmp_path / "runs", 1, 0.6)
    places = ("--runs", tmp_path / "runs", "--reports", tmp_path / "reports")
    assert call("report", paper, *places) == 0
    said = capsys.readouterr().out.replace("\n", "")
    assert f"{path}: line 2 is damaged" in said
    assert [row["seed"] for row in rows(tmp_path)] == ["1"]
    assert call("verify", paper, "--budget", "smoke", *places) == 0
    assert f"{path}: line 2 is damaged" in capsys.readouterr().out.replace("\n", "")


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


# -- the pages ------------------------------------------------------------------------------------


def section(page: str, title: str) -> list[list[str]]:
    """Return the cells of the first Markdown table after a title, without its head."""
    lines = page.split(title, 1)[1].splitlines()
    table = [line for line in lines if line.startswith("|")]
    width = lines.index(table[0])
    table = []
    for line in lines[width:]:
        if not line.startswith("|"):
            break
        table.append(re.split(r"(?<!\\)\|", line)[1:-1])
    return [[cell.strip() for cell in row] for row in table[2:]]


def test_the_page_has_one_row_per_claim_and_no_cell_breaks_it(paper, tmp_path):
    for seed in range(3):
        measure(paper, tmp_path / "runs", seed, 0.5 + seed / 1000)
    page = write(paper, tmp_path)[f"{paper.name}.md"].decode()
    claims = section(page, "## Budget `smoke`")
    assert [row[0] for row in claims] == ["loss", "doubt"]
    assert {len(row) for row in claims} == {7}
    assert claims[0][6] == "**on track**"
    assert claims[1][6] == "**off track**"
    assert claims[1][1] == "100 % of the_losses are above 9"
    (measured,) = section(page, "What was measured, per replicate:")
    assert measured[0] == "fit"
    assert "- it is not a paper" in page


def test_only_the_asked_budgets_are_shown_and_all_are_kept(paper, tmp_path):
    measure(paper, tmp_path / "runs", 0, 0.5)
    measure(paper, tmp_path / "runs", 0, 0.5, budget_name="nightly")
    made = write(paper, tmp_path, ["nightly"])
    assert "## Budget `nightly`" in made[f"{paper.name}.md"].decode()
    assert "## Budget `smoke`" not in made[f"{paper.name}.md"].decode()
    assert "budget `smoke`" not in made["comparison.md"].decode()
    assert [row["budget"] for row in rows(tmp_path)] == ["nightly", "smoke"]


def test_rows_with_other_caps_stay_in_the_file_and_out_of_every_table(paper, tmp_path):
    measure(paper, tmp_path / "runs", 0, 0.5)
    measure(paper, tmp_path / "runs", 0, 77.7, budget_name="smoke, 10 steps")
    measure(paper, tmp_path / "runs", 1, 77.7, config={"eval_every": 5})
    made = write(paper, tmp_path)
    assert len(rows(tmp_path)) == 3
    for name in (f"{paper.name}.md", "comparison.md", "comparison.tex", "index.html"):
        assert b"77.7" not in made[name]
    assert section(made["comparison.md"].decode(), "## Task")[0][3] == "1"  # n


def test_latex_escapes_what_latex_would_read(paper, tmp_path):
    measure(paper, tmp_path / "runs", 0, 0.5, experiment="more_of_it")
    text = write(paper, tmp_path)["comparison.tex"].decode()
    assert r"more\_of\_it" in text
    assert not re.search(r"(?<!\\)_", text)
    results, _ = report.read_results(tmp_path / "runs", tmp_path / "reports")
    board = Board([in_percent(discover.load(paper))], results, pd.DataFrame())
    _, _, summary = next(board.tables())
    text = pages.tabular(pages.lined(summary.to_dict("records"), columns.COMPARED), "a caption")
    assert r"50.0 \%" in text
    assert not re.search(r"(?<!\\)[%_]", text)


def in_percent(found: discover.Folder) -> discover.Folder:
    experiments = [replace(e, task=replace(e.task, unit="%")) for e in found.paper.experiments]
    return replace(found, paper=replace(found.paper, experiments=experiments))


def test_the_index_escapes_what_html_would_read(tmp_path):
    folder = make_paper(tmp_path)
    text = (folder / "paper.py").read_text()
    (folder / "paper.py").write_text(text.replace("a square", "a < b & <script>"))
    measure(folder, tmp_path / "runs", 0, 0.5)
    page = write(folder, tmp_path)["index.html"].decode()
    assert "a &lt; b &amp; &lt;script&gt;" in page
    assert "<script>" not in page


# -- verify ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expected", "threshold", "status"),
    [
        (False, 0.4, 0),  # only the claim that nobody expects is refuted
        (True, 0.4, 1),
        (False, 0.9, 1),
    ],
)
def test_verify_fails_when_a_claim_that_should_hold_is_refuted(
    tmp_path, capsys, expected, threshold, status
):
    folder = two_claims(make_paper(tmp_path), expected, threshold)
    for seed in range(3):
        measure(folder, tmp_path / "runs", seed, 0.5 + seed / 1000)
    places = ("--runs", tmp_path / "runs", "--reports", tmp_path / "reports")
    assert call("verify", folder, "--budget", "smoke", *places) == status
    said = capsys.readouterr().out
    assert "off track" in said
    assert ("on track" in said) == (threshold == 0.4)


def test_verify_needs_results(paper, tmp_path, capsys):
    places = ("--runs", tmp_path / "runs", "--reports", tmp_path / "reports")
    assert call("verify", paper, "--budget", "smoke", *places) == 2
    assert "has no results at budget 'smoke'" in capsys.readouterr().err
    assert call("verify", paper, "--budget", "smok", *places) == 2
    assert "did you mean 'smoke'?" in capsys.readouterr().err


def test_the_readme_beside_the_reports_gets_the_verdicts_and_keeps_the_rest(tmp_path):
    folder = two_claims(make_paper(tmp_path / "papers"))
    readme = folder / "README.md"
    readme.write_text(f"# Before\n{pages.BEGIN}\nold\n{pages.END}\nafter\n")
    measure(folder, tmp_path / "runs", 0)
    write(folder, tmp_path)
    text = readme.read_text()
    assert text.startswith(f"# Before\n{pages.BEGIN}\nBudget `smoke`:\n")
    assert text.endswith(f"{pages.END}\nafter\n")
    assert "old" not in text
    assert "| doubt |" in text
    write(folder, tmp_path)
    assert readme.read_text() == text


def test_a_readme_elsewhere_is_left_alone(tmp_path, paper):
    text = f"{pages.BEGIN}\nold\n{pages.END}\n"
    (paper / "README.md").write_text(text)
    measure(paper, tmp_path / "runs", 0)
    write(paper, tmp_path)
    assert (paper / "README.md").read_text() == text


def test_curves_survive_a_clone_without_runs_as_numbers(tmp_path, paper):
    measure(paper, tmp_path / "runs", 0)
    first = write(paper, tmp_path)
    shutil.rmtree(tmp_path / "runs")
    assert write(paper, tmp_path) == first
    curves = report._curves([], tmp_path / "reports" / "curves.csv")
    assert len(curves)
    assert [curves[name].dtype.kind for name in ("turn", "mean", "sd", "n")] == [
        "i",
        "f",
        "f",
        "i",
    ]
