"""`python -m papers.cells CELL`: a cell as text, and as a picture in an SVG file.

CELL is the name of a published genotype (DARTS_V2), a file, or a text: `Genotype(normal=[...],
normal_concat=range(2, 6), ...)` as Python prints it, also of recurrent cells; GDAS's dictionaries;
an edge cell (`|c5~0|+|skip~0|avg~1|+...`, NAS-Bench-201's own names too); NASLib's six numbers in
brackets; the digits of a T2 or T0 code (330401); this project's lines and JSON. Nothing of it is
run; a fault is named with its place.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.paper import Refused
from papers.cells.draw import recurrent as tree
from papers.cells.draw import svg as picture
from papers.cells.draw import text as drawing
from papers.cells.notation import dialects, reader
from papers.cells.notation.forms import Cells
from papers.cells.notation.wiring import Recurrent
from papers.cells.space.edge import NB201, Code, EdgeSpace


@dataclass(frozen=True)
class Drawn:
    """A cell in both forms, and the name that it goes by."""

    name: str
    text: str
    svg: str


def draw(asked: str) -> Drawn:
    """Return the drawings of what was asked for.

    Raises:
        Refused: no form of a cell; with the place of the fault or the names of the same paper.
    """
    found = reader.asked(asked)
    match found.cell:
        case Cells():
            return _cells(found.cell, found.name or "genotype", found.citation)
        case Recurrent():
            return _recurrent(found.cell, found.name or "recurrent")
        case space, code:
            return _edge(space, code)


def _edge(space: EdgeSpace, code: Code) -> Drawn:
    name = f"{space.name}-{''.join(map(str, code))}"
    text = drawing.edge_text(space, code)
    if space == NB201:
        text += f"\n\nNAS-Bench-201: {dialects.to_nb201(code)}"
        text += f"\nNASLib:        {dialects.to_naslib(code)}"
    return Drawn(name, text, picture.edge_svg(space, code))


def _cells(found: Cells, name: str, citation: str) -> Drawn:
    cells = found.cells
    title = f"{name} ({citation})" if citation else name
    line = " / ".join(f"{each}: {cell.text}" for each, cell in cells.items())
    text = drawing.cells_text(cells, f"{title}\n{line}")
    if found.weighted:
        text += "\n\nThe weights beside the pairs are not part of the cell."
    if "reduce" not in cells:
        text += "\n\nThe text has no reduction cell."
    return Drawn(name, text, picture.cells_svg(cells, name))


def _recurrent(cell: Recurrent, name: str) -> Drawn:
    text = tree.recurrent_text(cell.nodes, cell.mean, f"{name}\n{cell.text}")
    return Drawn(name, text, tree.recurrent_svg(cell.nodes, cell.mean, name))


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw what the command line asks for; return the exit status."""
    parser = argparse.ArgumentParser("python -m papers.cells", description=__doc__)
    parser.add_argument("genotype", metavar="CELL", help="name, file or text of a cell")
    parser.add_argument("--out", help="the picture's file (NAME.svg)")
    given = parser.parse_args(arguments)
    try:
        drawn = draw(given.genotype)
        out: Path = Path(given.out or f"{drawn.name}.svg")
        if out.suffix != ".svg":
            raise Refused(f"--out {out}: the picture is an SVG, its name must end in .svg")
        if given.out and given.out.endswith("/"):
            raise Refused(f"--out {given.out}: is a directory; name a file in it")
        out.write_text(drawn.svg, encoding="utf-8")
    except (Refused, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{drawn.text}\n\npicture: {out}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
