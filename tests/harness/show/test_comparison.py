"""Methods side by side: what the papers say that their searches took stands first."""

from __future__ import annotations

from tests.lab.reports import measure, write


def test_what_the_authors_spent_stands_first_beside_what_ours_is_charged(paper, tmp_path):
    text = (paper / "paper.py").read_text()
    text = text.replace(
        "from harness.paper", "from harness.spent import Spent\nfrom harness.paper"
    )
    text = text.replace('"min")', '"min", standings=True)')
    spent = 'spent=(Spent("fit", 4.0, "GTX 1080 Ti", "Table 1"),),\n    deviations='
    (paper / "paper.py").write_text(text.replace("deviations=", spent))
    for seed in range(3):
        measure(paper, tmp_path / "runs", seed, 0.5 + seed / 1000)
        measure(paper, tmp_path / "runs", seed, 0.7, experiment="more_of_it")
    page = write(paper, tmp_path)["comparison.md"].decode()
    title = "The papers' methods on `throwaway`"
    assert f"- [{title}](#the-papers-methods-on-throwaway)\n" in page
    first, rest = page.split(f"## {title}", 1)[1].split("## Task", 1)
    assert f"| {paper.name}: fit | 4: Table 1 | GTX 1080 Ti | 40 | 0.5 s | 80 | 0.501" in first
    assert "more_of_it" not in first
    assert "more_of_it" in rest


def test_there_is_no_such_table_where_no_paper_says_what_it_spent(paper, tmp_path):
    measure(paper, tmp_path / "runs", 0)
    page = write(paper, tmp_path)["comparison.md"].decode()
    assert "The papers' methods" not in page
    assert "- [Task `throwaway`, budget `smoke` (loss)](#task-throwaway-budget-smoke-loss)" in page
