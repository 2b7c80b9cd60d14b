"""The verbs of `python -m harness data`: status, pull, build, add."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from harness.cli import completion
from harness.cli.screen import TABLE, screen
from harness.paper import Refused
from harness.show.table import Table

app = typer.Typer(help="Datasets: what is here, pull, build, add.", no_args_is_help=True)
Name = Annotated[
    str,
    typer.Argument(
        autocompletion=completion.datasets, help="A dataset, as `data status` lists it."
    ),
]


@app.command()
def status() -> None:
    """Hash what is here and compare it with what each dataset is."""
    from harness.data import own, store

    columns = ("dataset", "state", "MB", "hash", "licence")
    table = Table("", columns, prose=("licence",), right=("MB",))
    for name, state in store.status().items():
        dataset = store.DATASETS[name]
        size = f"{dataset.size / 1e6:.1f}"
        table.add(name, state, size, dataset.digest[:12], dataset.licence)
    states = own.status()
    for name, state in states.items():
        table.add(name, state.partition(":")[0], "", "", own.OWN[name].licence)
    screen().print(table, **TABLE)
    for name, state in states.items():
        if state != "present":
            said = f"{name} is {state}"
            advice = own.OWN[name].advice
            said += "" if said.endswith(advice) else f"; {advice}"
            screen().print(said, highlight=False, markup=False, soft_wrap=True)


@app.command()
def pull(
    name: Annotated[
        str | None,
        typer.Argument(
            autocompletion=completion.datasets, help="A dataset; all when none is given."
        ),
    ] = None,
) -> None:
    """Bring a dataset, or all that may be handed on: what is there, DVC's remote, the origin."""
    from harness.data import own, store

    if name is not None and name in own.OWN:
        raise own.cannot_pull(name)
    missing = []
    for each in list(store.DATASETS) if name is None else [name]:
        try:
            path = store.ensure(each)
        except Refused as refusal:
            if name is not None:
                raise
            missing.append(each)
            Console(stderr=True).print(f"missing: {refusal}", highlight=False, soft_wrap=True)
            continue
        screen().print(f"{each}: {path}", highlight=False, soft_wrap=True)
    if missing:
        raise Refused(f"not pulled: {', '.join(missing)}; the others are in place")


@app.command()
def build(name: Name) -> None:
    """Make a dataset again from official files, without DVC's remote."""
    from harness.data import store

    screen().print(f"{name}: {store.build(name)}", highlight=False, soft_wrap=True)


@app.command()
def add(name: Name) -> None:
    """Record data/NAME in its entry of data.dvc; no other entry changes."""
    from harness.data import store

    screen().print(f"{name}: {store.add(name)}", highlight=False)
