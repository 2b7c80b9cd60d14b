"""`check`: the contract on folders of papers, for someone who adds one or writes claims."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.markup import escape

from harness.judge import generations
from harness.paper import BUDGETS
from harness.plan import pledges
from harness.plan.discover import Folder
from harness.record import tables
from harness.record.lineage import Lineage
from harness.run import contract
from harness.show.report import RESULTS


def check_papers(papers: Sequence[Folder], reports: Path, console: Console) -> int:
    """Print what is wrong with papers, a line each; return 1 when something is."""
    results = committed(reports)
    found = 0
    for folder in papers:
        for problem in problems(folder, results):
            found += 1
            _print(console, f"[red]problem[/]: {escape(problem)}")
        _print(console, f"{folder.name}: {len(folder.paper.experiments)} experiments checked")
    return 1 if found else 0


def register_claims(papers: Sequence[Folder], console: Console) -> int:
    """Register the claims that are new; return 1 when the check of an old one has changed."""
    found = 0
    for folder in papers:
        fresh = pledges.register(folder)
        named = f": {', '.join(fresh)}" if fresh else ""
        _print(console, escape(f"{folder.name}: {len(fresh)} claims registered{named}"))
        for problem in pledges.problems(folder):
            found += 1
            _print(console, f"[red]problem[/]: {escape(problem)}")
    return 1 if found else 0


def committed(reports: Path) -> pd.DataFrame:
    """Return the results below `reports`; no rows where there are none."""
    return Lineage.load(reports).carried(tables.load(reports / RESULTS))


def problems(folder: Folder, results: pd.DataFrame) -> Iterator[str]:
    """Yield what is wrong with a paper: registered checks, stand-ins, declarations, runs."""
    yield from pledges.problems(folder)
    yield from without_search(folder, results)
    yield from contract.inspect(folder)


def without_search(folder: Folder, results: pd.DataFrame) -> Iterator[str]:
    """Yield the claims about a search that hold, in these results, of what does not search."""
    for budget in BUDGETS:
        for claim, stand_in in generations.met(results, folder, budget).items():
            yield (
                f"claim '{claim}' is met at {budget} by {stand_in}, which does not search: "
                "it can say nothing of a search"
            )


def _print(console: Console, text: str) -> None:
    console.print(text, highlight=False, soft_wrap=True)
