"""`list`: the papers, a line each, or what some of them declare, and how to go on from there."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from harness.cli.screen import LINE, TABLE
from harness.plan.discover import Folder
from harness.show import listing


def list_all(papers: Sequence[Folder], console: Console) -> None:
    """Print a line for each paper, and where they are."""
    console.print(listing.papers(papers), **TABLE)
    home, example = papers[0].path.parent, papers[0].typed
    console.print(f"\n{len(papers)} papers in {home}", **LINE)
    console.print(f"what one declares: python -m harness list {example}", **LINE)
    console.print(f"run one:           python -m harness run {example}", **LINE)


def list_each(papers: Sequence[Folder], console: Console) -> None:
    """Print what papers declare: experiments, claims, and the fields that `--set` changes."""
    for folder in papers:
        for table in listing.paper(folder):
            console.print(table, **TABLE)
        console.print(f"\nrun it: python -m harness run {folder.typed}", **LINE)
