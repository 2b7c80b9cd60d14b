"""The pages hold what was measured, and no cell breaks their tables."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd

from harness.plan import discover
from harness.show import columns, pages, report
from harness.show.board import Board
from tests.lab.reports import measure, rows, two_claims, write
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
    assert [row[0] for row in claims] == ["loss", "doubt"]
    assert {len(row) for row in claims} == {7}
    assert claims[0][6] == "**on track**"
    assert claims[1][6] == "**off track**"
    assert claims[1][1] == "100 % of the_losses are above 9"
    (measured,) = section(page, "What was measured, per replicate:")
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
