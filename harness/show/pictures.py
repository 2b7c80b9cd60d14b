"""What is said of a picture: what it shows, of which study, at which budget, from how much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import figures
from harness.plan.discover import Folder
from harness.show.board import Board

BANDS = (
    "Bands and bars of means are 95 % intervals, none below three replicates; "
    "where others are drawn, the picture says so."
)
VECTOR = ".svg"  # a measurement is drawn as PNG, and beside it in this form
SVG = "A drawing, no measurement."
FOREST = "Draw each headline value less the paper's number, beside the band that was claimed."


@dataclass(frozen=True)
class Picture:
    """A file below figures/, what it shows, and the study whose rows it draws."""

    name: str
    what: str  # the first sentence of the function that draws it
    study: str = ""
    measured: str = ""  # budget and number of replicates

    @property
    def alt(self) -> str:
        """What stands in its place for whoever does not see it."""
        return f"{self.what} {self.measured}".strip()

    @property
    def vector(self) -> str:
        """The file that has it as lines, where that is another one; else no text."""
        own = Path(self.name)
        return "" if own.suffix == VECTOR else own.with_suffix(VECTOR).name

    @property
    def caption(self) -> str:
        """What it shows, from how much, and what its bands are."""
        return f"{self.alt} {SVG if not self.vector else BANDS}"


def of(board: Board, folder: Folder, drawn: Sequence[Path]) -> list[Picture]:
    """Return what is said of a paper's pictures, in the order in which they were drawn."""
    known = {
        f"{folder.name}-{name}": (study, function)
        for study, table in _tables(folder).items()
        for name, function in table.items()
    }
    shown = []
    for path in drawn:
        study, function = known.get(path.stem, ("", None))
        name = path.stem.removeprefix(f"{folder.name}-")
        study = study or next((each for each in folder.studies if name.startswith(each)), "")
        words = " ".join((getattr(function, "__doc__", None) or FOREST).split("\n\n")[0].split())
        what = words.removeprefix("Draw ")
        shown.append(
            Picture(path.name, what[:1].upper() + what[1:], study, _measured(board, folder, study))
        )
    return shown


def _tables(folder: Folder) -> Mapping[str, dict[str, Any]]:
    """Return {study: {name: function}} of what a paper draws; its own under ''."""
    tables = {}
    for study in ("", *folder.studies):
        noun = f"{study}.figures" if study else "figures"
        if folder.has(noun):
            module = folder.module(noun)
            tables[study] = getattr(module, "FIGURES", {}) | getattr(module, "STANDINGS", {})
    return tables


def _measured(board: Board, folder: Folder, study: str) -> str:
    """Return the deepest budget of a study's rows, and how many replicates it has of each."""
    rows = board.rows(folder)
    if study:
        declared = folder.module(f"{study}.study").EXPERIMENTS
        rows = rows[rows["experiment"].isin([experiment.name for experiment in declared])]
    rows = figures.deepest_rows(rows)
    if rows.empty:
        return ""
    many = rows.groupby("experiment").size()
    least, most = int(many.min()), int(many.max())
    n = f"{least}" if least == most else f"{least} to {most}"
    return f"Budget {rows['budget'].iloc[0]}, n = {n}."
