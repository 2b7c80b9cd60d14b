"""`verify`: the verdicts of papers at a budget, as an exit status."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console

from harness.paper import Refused
from harness.plan.discover import Folder
from harness.record.lineage import Lineage
from harness.show.board import Board
from harness.show.outcome import verdict_table
from harness.show.report import read_results


def verify_claims(
    papers: Sequence[Folder],
    budget: str,
    runs: Path,
    reports: Path,
    current: bool,
    console: Console,
) -> int:
    """Print the verdicts; return 1 when a claim that was expected to hold is refuted.

    With `current`, also when a verdict rests on results of other code that no replay confirmed.

    Raises:
        Refused: a paper has no results at the budget.
    """
    results, problems = read_results(runs, reports)
    board = Board(papers, results, pd.DataFrame(), Lineage.load(reports))
    for problem in problems:
        console.print(f"[red]damaged[/]: {problem}", highlight=False)
    failed = 0
    for paper in papers:
        verdicts = board.verdicts[paper.name].get(budget, [])
        if not verdicts:
            raise Refused(f"{paper.name}: has no results at budget '{budget}'; run it first")
        dated = board.dated(paper, budget)
        console.print(verdict_table(paper, verdicts, dated))
        failed += sum(verdict.refuted and verdict.claim.expected for verdict in verdicts)
        for name in sorted(dated) if current else ():
            console.print(f"[red]other code[/]: {paper.name}: {name}", highlight=False)
            failed += 1
    return 1 if failed else 0
