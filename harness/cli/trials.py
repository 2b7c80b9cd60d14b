"""The verbs for trials that are there already: status, stop.

They stand at the top level of the command line; `app` takes them in.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from harness import budget as budgets

app = typer.Typer()
RUNS = Path("runs")

RunsFolder = Annotated[Path, typer.Option("--runs", help="Where the journals are.")]
Budgets = Annotated[list[str] | None, typer.Option("--budget", help="Only these budgets.")]
Papers = Annotated[
    list[str] | None, typer.Argument(help="Folders of papers; all of them when none is given.")
]


@app.command()
def status(
    papers: Papers = None,
    budget: Budgets = None,
    runs: RunsFolder = RUNS,
    as_json: Annotated[
        bool, typer.Option("--json", help="Machine-readable, every trial.")
    ] = False,
) -> None:
    """Show what ran, runs and waits, and what was stopped, killed, cut, failed or is damaged."""
    from harness.cli.status import Selection, show_status

    for name in budget or ():
        budgets.standard(name)
    raise typer.Exit(show_status(runs, Selection.of(papers, budget), as_json, Console()))


@app.command()
def stop(
    what: Annotated[
        list[str] | None, typer.Argument(help="Folders of papers, or ids of trials.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every trial that runs.")] = False,
    budget: Budgets = None,
    patience: Annotated[
        float, typer.Option(help="Seconds to wait until the trials have saved.")
    ] = 60.0,
    runs: RunsFolder = RUNS,
) -> None:
    """Ask trials to save and leave, here and on other machines; the same `run` goes on."""
    from harness.cli.stop import stop_trials

    for name in budget or ():
        budgets.standard(name)
    raise typer.Exit(stop_trials(what or [], everything, budget, patience, runs, Console()))
