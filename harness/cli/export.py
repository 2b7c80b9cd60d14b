"""`export`: results and curves as one file for other tools."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from harness.cli.completion import FORMATS, TABLES
from harness.judge import generations
from harness.paper import BUDGETS, Refused, require
from harness.plan.discover import Folder
from harness.record import sheet, tables
from harness.record.lineage import Lineage
from harness.show.report import CURVES, local_results, read_results

CURRENT = "current"  # whether a row is of the generation that the tables show


@dataclass(frozen=True)
class Request:
    """What is exported: tables, of the papers with these names at these budgets (none: all).

    Tables: `results` has a row a replicate, `rows` one for each measurement of the journals here,
    `curves` averages over replicates. Without a file it is standard output.
    """

    papers: Sequence[Folder]
    names: Collection[str] = ()
    budgets: Collection[str] = ()
    tables: Sequence[str] = ()
    format: str = ""
    out: Path | None = None
    overwrite: bool = False

    @property
    def kind(self) -> str:
        """The format: what was asked for, or what the file's name says.

        Raises:
            Refused: there is none of that name, or both say different things.
        """
        ending = self.out.suffix.lstrip(".").lower() if self.out else ""
        if self.format:
            require(self.format, FORMATS, "format")
            if ending in FORMATS and ending != self.format:
                raise Refused(f"--format {self.format}: the file is called {self.out}")
            return self.format
        if self.out and ending not in FORMATS:
            raise Refused(f"--out {self.out}: does not say which format; add --format csv or json")
        return ending or FORMATS[0]


def export_tables(request: Request, runs: Path, reports: Path, console: Console) -> int:
    """Write the file; return 1 when results had to be left out.

    Raises:
        Refused: no such format or table, a file that is there already, nothing to export, or a
            committed file that cannot be read.
    """
    kind, out = request.kind, request.out
    names = request.tables or (TABLES[:1] if kind == "csv" else ("results", "curves"))
    for name in names:
        require(name, TABLES, "table")
    if kind == "csv" and len(names) > 1:
        raise Refused("--table: a CSV file holds one table; say --format json for several")
    if out is not None and out.exists() and not request.overwrite:
        raise Refused(f"--out {out}: is there already; say --overwrite")
    frames, problems = _frames(request, runs, reports)
    chosen = {name: frames[name]() for name in names}
    if all(frame.empty for frame in chosen.values()):
        raise Refused(f"nothing to export: none in --runs {runs} and --reports {reports}")
    text = _csv(*chosen.values()) if kind == "csv" else _json(chosen)
    for problem in problems:
        Console(stderr=True).print(f"left out: {problem}", markup=False, soft_wrap=True)
    if out is None:
        sys.stdout.write(text)
        return 1 if problems else 0
    try:
        sheet.replace({out: text})
    except OSError as error:
        raise Refused(f"--out {out}: cannot be written ({error.strerror})") from error
    said = ", ".join(f"{len(frame):,} {name}" for name, frame in chosen.items())
    console.print(f"{out}: {said}", highlight=False, markup=False, soft_wrap=True)
    return 1 if problems else 0


def _frames(
    request: Request, runs: Path, reports: Path
) -> tuple[dict[str, Callable[[], pd.DataFrame]], list[str]]:
    """Return what makes each table, and a line for each result that is in none."""
    results, problems = read_results(runs, reports)

    def mine(frame: pd.DataFrame) -> pd.DataFrame:
        frame = frame[frame["paper"].isin(request.names)] if request.names else frame
        if not request.budgets:
            return frame
        return frame[frame["budget"].str.split(",").str[0].isin(request.budgets)]

    def rows() -> pd.DataFrame:
        measured = tables.curves(local_results(runs)[0])
        return mine(Lineage.load(reports).split(measured)[0])

    return {
        "results": lambda: _marked(mine(results), request.papers),
        "rows": rows,
        "curves": lambda: mine(tables.averages(reports / CURVES)),
    }, problems


def _marked(results: pd.DataFrame, papers: Sequence[Folder]) -> pd.DataFrame:
    """Say of each row whether it is of the generation that the tables show."""
    shown = {
        index
        for folder in papers
        for budget in BUDGETS
        for index in generations.current(results, folder, budget).index
    }
    return results.assign(**{CURRENT: [index in shown for index in results.index]})


def _csv(frame: pd.DataFrame) -> str:
    return frame.to_csv(index=False, lineterminator="\n")


def _json(frames: dict[str, pd.DataFrame]) -> str:
    """Return the tables by name, each a list of rows; null is what was not measured."""
    content = {name: [_plain(row) for row in _rows(frame)] for name, frame in frames.items()}
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as JSON has it, which knows no infinity."""
    known = {name: None if pd.isna(value) else value for name, value in row.items()}
    endless = (math.inf, -math.inf)
    return {name: str(value) if value in endless else value for name, value in known.items()}
