"""`python -m papers.cells GENOTYPE`: a cell as text, and as a picture in an SVG file.

GENOTYPE is the text of an edge cell (`|c5~0|+|skip~0|avg~1|+...`, NAS-Bench-201's own names too),
the digits of a T2 or T0 code (330401), the name of a published genotype (DARTS_V2), or the text or
JSON of a genotype.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.paper import Refused, require
from papers.cells.draw import svg as picture
from papers.cells.draw import text as drawing
from papers.cells.space import dialects
from papers.cells.space.edge import NB201, T0, T2, Code, EdgeSpace
from papers.cells.space.genotype import CELLS, Genotype
from papers.cells.space.hand_made import HAND_MADE
from papers.cells.space.node import NODE_SPACES
from papers.cells.space.published import HAND_REDUCED, PUBLISHED


@dataclass(frozen=True)
class Drawn:
    """A cell in both forms, and the name that it goes by."""

    name: str
    text: str
    svg: str


def draw(asked: str) -> Drawn:
    """Return the drawings of what was asked for.

    Raises:
        Refused: no form of a cell; with the place of the fault or the nearest name.
    """
    asked = asked.strip()
    if asked.startswith("|"):
        return _edge(*_parsed(asked))
    if asked.isdecimal() and asked.isascii():
        return _edge(*_coded(asked))
    if asked.startswith("{"):
        return _genotype("genotype", _known(Genotype.from_json(asked)))
    if ":" in asked:
        return _genotype("genotype", _known(Genotype.parse(asked)))
    known = PUBLISHED | HAND_REDUCED
    same = {name.lower().replace("-", "_"): name for name in known}
    name = same.get(asked.lower().replace("-", "_"), asked)
    found = known[require(name, known, "genotype")]
    return _genotype(name, found.genotype, found.citation)


def _edge(space: EdgeSpace, code: Code) -> Drawn:
    name = f"{space.name}-{''.join(map(str, code))}"
    return Drawn(name, drawing.edge_text(space, code), picture.edge_svg(space, code))


def _genotype(name: str, genotype: Genotype, citation: str = "") -> Drawn:
    title = f"{name} ({citation})" if citation else name
    text = drawing.genotype_text(genotype, f"{title}\n{genotype.text}")
    return Drawn(name, text, picture.genotype_svg(genotype, name))


def _parsed(text: str) -> tuple[EdgeSpace, Code]:
    """Read an edge cell in the space that has its operations and its number of nodes."""
    text = dialects.translated(text)
    space = T0 if text.count("+") == 1 else NB201 if "c1~" in text else T2
    return space, space.parse(text)


def _coded(digits: str) -> tuple[EdgeSpace, Code]:
    for space in (T2, T0):
        if len(digits) == len(space.edges):
            return space, space.check(tuple(map(int, digits)))
    raise Refused(f"'{digits}': a T2 code has 6 digits, a T0 code 3")


def _known(genotype: Genotype) -> Genotype:
    """Return the genotype if some space has its operations."""
    known = {op for space in NODE_SPACES.values() for op in space.ops}
    known |= {op for op, _ in HAND_MADE.pairs}
    for name in CELLS:
        for place, (op, _) in enumerate(genotype.cell(name).pairs):
            require(op, known, f"operation at {name}, pair {place}:")
    return genotype


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw what the command line asks for; return the exit status."""
    parser = argparse.ArgumentParser("python -m papers.cells", description=__doc__)
    parser.add_argument("genotype", help="text, digits, name or JSON of a cell")
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
    except RecursionError:
        sys.stderr.write("the brackets of this text are nested too deeply to be a cell\n")
        return 2
    sys.stdout.write(f"{drawn.text}\n\npicture: {out}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
