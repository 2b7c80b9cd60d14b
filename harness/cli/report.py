"""`report`: writes tables, pages and figures, and says which journals it had to leave out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from harness.plan.discover import Folder
from harness.show.report import supersede_older, write


def report_results(
    papers: Sequence[Folder],
    budgets: Sequence[str],
    superseded: Sequence[str],
    runs: Path,
    reports: Path,
    console: Console,
) -> int:
    """Write reports/ and print a line for each file; return 1 when a journal was left out.

    Raises:
        Refused: see `harness.show.report`.
    """
    for line in supersede_older(papers, superseded, runs, reports):
        console.print(line, highlight=False)
    left_out = list[str]()
    for line in write(papers, runs, reports, budgets or None, left_out.append):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    return 1 if left_out else 0
