"""The verbs for trials that are there already: status, stop, remove, export.

They stand at the top level of the command line; `app` takes them in.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness import budget as budgets
from harness.cli import completion, home
from harness.cli.options import REPORTS, RUNS, AllPapers, Budgets, ReportsFolder, RunsFolder
from harness.cli.screen import screen
from harness.paper import Refused
from harness.plan import discover

app = typer.Typer()


@app.command()
def status(
    papers: AllPapers = None,
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
    raise typer.Exit(show_status(runs, Selection.of(papers, budget), as_json, screen()))


@app.command()
def stop(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[papers|trials]...",
            parser=home.meant,
            autocompletion=completion.stoppable,
            help="Folders of papers, or ids of trials.",
        ),
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
    raise typer.Exit(stop_trials(what or [], everything, budget, patience, runs, screen()))


@app.command()
def remove(
    trials: Annotated[
        list[str],
        typer.Argument(
            autocompletion=completion.removable, help="Ids of trials, as results.csv has them."
        ),
    ],
    because: Annotated[
        str, typer.Option(help="The reason; it is kept and stands on the pages.")
    ] = "",
    undo: Annotated[bool, typer.Option("--undo", help="Bring removed results back.")] = False,
    sure: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    runs: RunsFolder = RUNS,
    reports: ReportsFolder = REPORTS,
) -> None:
    """Take results out of the tables, with a reason; their journals stay."""
    from harness.cli.remove import bring_back, remove_results

    if undo:
        if because:
            raise Refused("--because: goes with a removal, not with --undo")
        raise typer.Exit(bring_back(trials, reports, screen()))
    raise typer.Exit(remove_results(trials, because, sure, runs, reports, screen()))


@app.command()
def export(  # noqa: PLR0913  (one parameter per option)
    papers: AllPapers = None,
    budget: Budgets = None,
    table: Annotated[
        list[str] | None,
        typer.Option(
            autocompletion=completion.tables,
            help="results, rows (of the journals here) or curves.",
        ),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", autocompletion=completion.formats, help="csv or json.")
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", parser=home.placed, help="The file; else standard output."),
    ] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace a file that is there.")] = False,
    runs: RunsFolder = RUNS,
    reports: ReportsFolder = REPORTS,
) -> None:
    """Write results, measurements or averaged curves as one file for other tools."""
    from harness.cli.export import Request, export_tables

    for name in budget or ():
        budgets.standard(name)
    found = discover.load_each(papers) if papers else discover.load_all()
    names = {folder.name for folder in found} if papers else set()
    request = Request(found, names, budget or (), table or (), form, out, overwrite)
    raise typer.Exit(export_tables(request, runs, reports, screen()))
