"""`verify`: the verdicts of papers at a budget, as an exit status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.markup import escape

from harness.cli.screen import TABLE
from harness.judge.samples import BLOCKED
from harness.judge.verdict import ON_TRACK, OPEN, PARTIALLY, REPRODUCED, Verdict
from harness.paper import Refused
from harness.plan.discover import Folder
from harness.record.lineage import Lineage
from harness.show.board import Board
from harness.show.margins import margin
from harness.show.outcome import verdict_tables
from harness.show.report import read_results

STANDS = (REPRODUCED, PARTIALLY, ON_TRACK, OPEN)  # nothing that was expected is contradicted
LINE: Mapping[str, Any] = {"highlight": False, "soft_wrap": True}


def verify_claims(
    papers: Sequence[Folder],
    budget: str,
    runs: Path,
    reports: Path,
    current: bool,
    console: Console,
) -> int:
    """Print the verdicts and a line for each that fails; return 1 when there is one.

    A claim that was expected to hold fails when it is refuted, and when there is no sound evidence
    of it: invalid, incomplete, not run. One that is blocked is named and does not fail. Evidence
    that is left out, because somebody changed it or it cannot be read, fails by itself. With
    `current`, what rests on results of other code that no replay confirmed fails too.

    Raises:
        Refused: a paper has no results at the budget.
    """
    results, problems = read_results(runs, reports)
    board = Board(papers, results, pd.DataFrame(), Lineage.load(reports))
    for problem in problems:
        console.print(f"[red]left out[/]: {escape(problem)}", **LINE)
    failed = len(problems)
    for paper in papers:
        verdicts = board.verdicts[paper.name].get(budget, [])
        if not verdicts:
            raise Refused(f"{paper.name}: has no results at budget '{budget}'; run it first")
        marks = board.marks(paper, budget)
        for table in verdict_tables(paper, verdicts, marks):
            console.print(table, **TABLE)
        for verdict in verdicts:
            claim = f"{paper.name}: {verdict.claim.id}"
            if verdict.verdict == BLOCKED:
                console.print(f"blocked: {claim}: {verdict.claim.blocked}", **LINE)
            elif verdict.claim.expected and verdict.verdict not in STANDS:
                console.print(f"[red]fails[/]: {claim}: {escape(_why(verdict))}", **LINE)
                failed += 1
        for line in board.lineage.told(paper.name, budget):
            console.print(f"removed: {paper.name}: {escape(line)}", **LINE)
        for name in sorted(marks) if current else ():
            console.print(f"[red]other code[/]: {paper.name}: {name}", **LINE)
            failed += 1
    return 1 if failed else 0


def _why(verdict: Verdict) -> str:
    """Return what is wrong with a verdict: its word, and the reason or what was measured."""
    if verdict.refuted:
        asked = margin(verdict.claim, verdict.budget)
        return f"{verdict.verdict}: {verdict.measured}, asked: {asked}"
    return f"{verdict.verdict}: {verdict.note}"
