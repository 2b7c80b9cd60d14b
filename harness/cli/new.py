"""`new`: a paper's folder that runs and passes `check`, with marks where more is to be said."""

from __future__ import annotations

import importlib.util
import keyword
import os
import re
import shlex
from datetime import date
from pathlib import Path
from string import Template

from rich.console import Console

from harness.cli import home
from harness.cli.screen import LINE
from harness.paper import Refused
from harness.plan import discover

TEMPLATE = Path(__file__).parent / "template"
MARK = "FILL IN"
NEXT = (
    "put your method in the place of descent.py; a file per noun, and `run` tells its story",
    "write what the paper says as claims, then: python -m harness check --register {paper}",
    "what is missing or wrong is told by: python -m harness check {paper}",
    "see it run: python -m harness run {paper}",
)


def new_paper(typed: str, console: Console) -> None:
    """Write the folder of a new paper, and print what is to be filled in, and what comes next.

    Raises:
        Refused: it is no name for a package, is there already, or is not in a folder `papers`.
    """
    folder = place(typed)
    files = written(folder)
    try:
        folder.mkdir(parents=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise Refused(f"{folder}: cannot be written ({error.strerror})") from error
    shown = os.path.relpath(folder)
    console.print(f"{shown}: {len(files)} files, an example that runs; fill in:", **LINE)
    for name, text in files.items():
        for number, line in enumerate(text.splitlines(), 1):
            if MARK in line:
                console.print(f"  {shown}/{name}:{number}: {line.strip()}", **LINE)
    console.print("then:", **LINE)
    for count, step in enumerate(NEXT, 1):
        console.print(f"  {count}. {step.format(paper=shlex.quote(shown))}", **LINE)


def place(typed: str) -> Path:
    """Return where a new paper goes.

    Raises:
        Refused: see `new_paper`.
    """
    wanted = Path(typed)
    name, parent = wanted.name, Path(home.meant(str(wanted.parent)))
    better = re.sub(r"\W+", "_", name.lower(), flags=re.ASCII).strip("_") or "name"
    better = f"paper_{better}" if better[0].isdigit() or keyword.iskeyword(better) else better
    if name != better:
        raise Refused(
            f"{typed}: '{name}' is no name of a package: small letters, digits and _; "
            f"did you mean '{wanted.parent / better}'?"
        )
    if parent.resolve().name != discover.ROOT.name:
        near = discover.ROOT / name
        raise Refused(f"{typed}: is not in a folder {discover.ROOT}/; did you mean '{near}'?")
    if os.path.lexists(parent / name):
        raise Refused(f"{typed}: is there already; choose another name")
    package = discover.dotted(parent.resolve() / name)
    if package == name and importlib.util.find_spec(name):
        raise Refused(f"{typed}: Python has a package '{name}'; choose another name")
    return parent / name


def written(folder: Path) -> dict[str, str]:
    """Return the text of each file of a new paper, by its name."""
    values = {
        "name": folder.name.replace("_", "-"),
        "package": discover.dotted(folder.resolve()),
        "typed": shlex.quote(os.path.relpath(folder)),
        "year": str(date.today().year),
    }
    return {
        file.name.removesuffix(".txt"): Template(file.read_text(encoding="utf-8")).substitute(
            values
        )
        for file in sorted(TEMPLATE.glob("*.txt"))
    }
