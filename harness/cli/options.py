"""What many verbs take: folders of papers, budgets, and where runs and reports are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.paper import Refused

RUNS, REPORTS = Path("runs"), Path("reports")


def folder(text: str) -> Path:
    """Return a folder's path; no text is none, and would be the folder that one stands in."""
    if not str(text).strip():
        raise Refused("--runs and --reports: '' names no folder; '.' is the one that you are in")
    return Path(text)


Papers = Annotated[
    list[str], typer.Argument(help="Folders of papers: papers/mnist1d, or papers for all.")
]
AllPapers = Annotated[
    list[str] | None, typer.Argument(help="Folders of papers; all of them when none is given.")
]
BudgetName = Annotated[str, typer.Option(help="check, smoke, nightly or paper.")]
Budgets = Annotated[list[str] | None, typer.Option("--budget", help="Only these budgets.")]
RunsFolder = Annotated[
    Path,
    typer.Option("--runs", parser=folder, metavar="FOLDER", help="Where journals are, or go."),
]
ReportsFolder = Annotated[
    Path,
    typer.Option("--reports", parser=folder, metavar="FOLDER", help="Where tables are, or go."),
]
Experiments = Annotated[
    list[str] | None, typer.Option(help="An experiment, or a group such as 'benchmark'.")
]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="Change a config.")
]
Unguarded = Annotated[
    bool, typer.Option("--no-guard", help="Stop no trial that takes far longer than expected.")
]
SlurmFlags = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=VALUE|@FILE", help="What jobs ask SLURM for: sbatch's flags, or a file."
    ),
]
Checkout = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="A checkout of the code that measured the rows: compare with what it gives here, "
        "where rows of another machine may differ from all code.",
    ),
]
