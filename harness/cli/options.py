"""What many verbs take: folders of papers, budgets, and where runs and reports are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from harness.cli import completion, home
from harness.cli.completion import REPORTS as REPORTS
from harness.cli.completion import RUNS as RUNS
from harness.paper import Refused

KERNELS = (
    "Kernels: torch; c, compiled where a paper has such; c-or-torch where they build; graph or "
    "graph-bf16, captured on a GPU."
)


def folder(text: str | Path) -> Path:
    """Return a folder's path; no text is none, and would be the folder that one stands in."""
    if isinstance(text, Path):  # the default, which stands beside the papers
        return text
    if not text.strip():
        raise Refused("--runs and --reports: '' names no folder; '.' is the one that you are in")
    return home.placed(text)


Papers = Annotated[
    list[str],
    typer.Argument(
        metavar="papers...",
        parser=home.meant,
        autocompletion=completion.papers,
        help="Folders of papers: papers/mnist1d, or papers for all.",
    ),
]
AllPapers = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[papers]...",
        parser=home.meant,
        autocompletion=completion.papers,
        help="Folders of papers; all of them when none is given.",
    ),
]
BudgetName = Annotated[
    str, typer.Option(autocompletion=completion.budgets, help="check, smoke, nightly or paper.")
]
Budgets = Annotated[
    list[str] | None,
    typer.Option("--budget", autocompletion=completion.budgets, help="Only these budgets."),
]
RunsFolder = Annotated[
    Path,
    typer.Option("--runs", parser=folder, metavar="FOLDER", help="Where journals are, or go."),
]
ReportsFolder = Annotated[
    Path,
    typer.Option("--reports", parser=folder, metavar="FOLDER", help="Where tables are, or go."),
]
Experiments = Annotated[
    list[str] | None,
    typer.Option(
        autocompletion=completion.experiments,
        help="An experiment, or a group: benchmark.",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="FIELD=VALUE",
        help="Change a config (repeatable). Several values, lr=0.01,0.03, make a grid: a trial "
        "for each. A field that holds several takes 16,32 as one value; --set it again for more.",
    ),
]
Unguarded = Annotated[
    bool, typer.Option("--no-guard", help="Stop no trial that takes far longer than expected.")
]
SlurmFlags = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=VALUE|@FILE",
        parser=home.flag,
        help="What jobs ask SLURM for: sbatch's flags, or a file.",
    ),
]
Checkout = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        parser=home.placed,
        help="A checkout of the code that measured the rows: compare with what it gives here, "
        "where rows of another machine may differ from all code.",
    ),
]
Device = Annotated[str, typer.Option(autocompletion=completion.devices, help="auto, cpu or cuda.")]
Launcher = Annotated[
    str, typer.Option(autocompletion=completion.launchers, help="local, slurm or ray.")
]


def isa(said: str) -> Any:
    """Return the option of an instruction set, with what is said of its default."""
    return typer.Option(
        autocompletion=completion.instruction_sets, help=f"Instruction set: {said}"
    )
