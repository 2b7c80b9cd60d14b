"""The pages hold what was measured, and no cell breaks their tables."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd

from harness.plan import discover
from harness.show import columns, pages, report
from harness.show.board import Board
from tests.lab.reports import keep, measure, rows, two_claims, write
from tests.lab.searching import searched, searching
from tests.lab.throwaway import make_paper


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
    assert [row[0].partition(":")[0] for row in claims] == ["loss", "doubt"]
    assert {len(row) for row in claims} == {8}
    assert [row[1] for row in claims] == ["50.0 %", "900.0 %"]
    assert [row[3] for row in claims] == ["**on track**", "**off track**"]
    assert claims[1][0] == "doubt: 100 % of the_losses are above 9"
    assert [row[4] for row in claims] == ["the last loss"] * 2
    assert claims[0][5] == "at least 40.0 % (paper)"
    assert claims[1][7] == r"Table_2: 9 of 10; doubted: by its authors; a \| sign"
    assert "**0 of 1 headlines reproduced, 1 on track.**" in page
    (measured,) = section(page, "What was measured, per replicate")
    assert measured[0] == "fit"
    assert "- it is not a paper" in page


def test_rows_with_other_caps_stay_in_the_file_and_out_of_every_table(paper, tmp_path):
    measure(paper, tmp_path / "runs", 0, 0.5)
    measure(paper, tmp_path / "runs", 0, 77.7, budget_name="smoke, 10 steps")
    measure(paper, tmp_path / "runs", 1, 77.7, config={"eval_every": 5})
    made = write(paper, tmp_path)
    assert len(rows(tmp_path)) == 3
    for name in (f"{paper.name}.md", "comparison.md", "comparison.tex", "index.html"):
        assert b"77.7" not in made[name]
    assert section(made["comparison.md"].decode(), "## Task")[0][6] == "1"  # n


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
    assert "& <script>" not in page


def test_the_readme_beside_the_reports_gets_the_verdicts_and_keeps_the_rest(tmp_path):
    folder = two_claims(make_paper(tmp_path / "papers"))
    readme = folder / "README.md"
    readme.write_text(f"# Before\n{pages.BEGIN}\nold\n{pages.END}\nafter\n")
    measure(folder, tmp_path / "runs", 0)
    write(folder, tmp_path)
    text = readme.read_text()
    line = "0 of 1 headlines reproduced, 1 inconclusive."
    assert text.startswith(f"# Before\n{pages.BEGIN}\n{line} Budget `smoke`:\n")
    assert text.endswith(f"{pages.END}\nafter\n")
    assert "old" not in text
    assert "| doubt: " in text
    write(folder, tmp_path)
    assert readme.read_text() == text


def test_a_readme_elsewhere_is_left_alone(tmp_path, paper):
    text = f"{pages.BEGIN}\nold\n{pages.END}\n"
    (paper / "README.md").write_text(text)
    measure(paper, tmp_path / "runs", 0)
    write(paper, tmp_path)
    assert (paper / "README.md").read_text() == text


def changed(folder: Path, *changes: tuple[str, str]) -> None:
    text = (folder / "paper.py").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "paper.py").write_text(text)


def test_our_own_checks_stand_below_in_a_table_of_their_own(paper, tmp_path):
    changed(paper, ("doubted=", 'kind="self-check",\n            doubted='))
    for seed in range(3):
        measure(paper, tmp_path / "runs", seed, 0.5 + seed / 1000)
    made = write(paper, tmp_path)
    page = made[f"{paper.name}.md"].decode()
    assert [row[0] for row in section(page, "## Budget `smoke`")] == ["loss: the loss is a square"]
    (own,) = section(page, "Checks of our own")
    assert own[0].startswith("doubt: ")
    assert own[1:4] == ["900.0 to 1000.0 % (convention)", own[2], "**off track**"]
    assert "**0 of 1 headlines reproduced, 1 on track.**" in page
    index = made["index.html"].decode()
    assert index.index('id="checks"') < index.index("<b>doubt</b>")


def test_a_claim_that_waits_is_named_with_what_would_unblock_it(paper, tmp_path):
    changed(
        paper,
        ('"smoke", "nightly", "paper"', '"paper",'),
        ('kind="headline"', 'kind="headline", blocked="needs a square"'),
    )
    measure(paper, tmp_path / "runs", 0, 0.5)
    page = write(paper, tmp_path)[f"{paper.name}.md"].decode()
    (row,) = section(page, "## Not judged yet")
    assert row[0] == "loss: the loss is a square"
    assert row[2] == "blocked: needs a square"
    assert "**0 of 1 headlines reproduced, 1 blocked.**" in page


def test_what_a_stand_in_meets_is_invalid_on_every_page(tmp_path):
    found = searching(tmp_path)
    runs = tmp_path / "runs"
    for made in searched(found, 0.4):
        keep(made, runs)
    made = write(found.path, tmp_path)
    said = "met by largest, which does not search"
    assert section(made[f"{found.name}.md"].decode(), "## Budget `smoke`")[0][3] == (
        f"**invalid**: {said}"
    )
    assert f"invalid</span> {said}" in made["index.html"].decode()


def test_a_budget_that_decided_no_claim_does_not_hide_one_that_did(tmp_path):
    folder = two_claims(make_paper(tmp_path / "papers", experiments=("fit", "more_of_it")))
    (folder / "README.md").write_text(f"{pages.BEGIN}\n{pages.END}\n")
    measure(folder, tmp_path / "runs", 0)
    measure(folder, tmp_path / "runs", 0, experiment="more_of_it", budget_name="paper")
    write(folder, tmp_path)
    assert "Budget `smoke`" in (folder / "README.md").read_text()
