"""A cell from what somebody typed: a text in one of the field's forms, a name, or a file.

Texts are read, never run. What is refused is refused in one line, with the place in the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from harness.paper import Refused
from papers.cells.notation import lines, names
from papers.cells.notation.forms import Cells, meant
from papers.cells.notation.literal import literal
from papers.cells.notation.source import Source, shortened
from papers.cells.notation.wiring import Recurrent
from papers.cells.space.edge import T0, T2, Code, EdgeSpace
from papers.cells.space.genotype import CELLS

Cell = tuple[EdgeSpace, Code] | Cells | Recurrent

MARKS = set("|([{~:;=,")  # a text has one of them, a name has none
LONGEST = 100_000  # bytes of a file that can be a cell


@dataclass(frozen=True)
class Found:
    """A cell, the name that its text gives it (or ""), and where it was printed, if it was."""

    cell: Cell
    name: str = ""
    citation: str = ""


def asked(given: str) -> Found:
    """Return the cell of a name, a file or a text.

    Raises:
        Refused: it is none; with the place of the fault, or with the names of the same paper.
    """
    name = names.named(given)
    if name:
        published = names.KNOWN[name]
        both = {each: published.genotype.cell(each) for each in CELLS}
        return Found(Cells(both), name, published.citation)
    word = given.strip()
    if word.isdecimal() and word.isascii():
        return Found(_coded(word))
    path = Path(given)
    if _is_file(path):
        return _from_file(path)
    if MARKS & set(word):
        return read(given)
    if "/" in word or path.suffix:
        raise Refused(f"'{shortened(given)}': no such file, and no text of a cell")
    raise names.unknown(word)


def read(text: str) -> Found:
    """Return the cell of a text in any of the forms."""
    source = Source(text.replace("\r\n", "\n").replace("\r", "\n"))
    begin = source.text.lstrip()
    if begin.startswith("|"):
        return Found(lines.edge_cell(source))
    if re.match(rf"({'|'.join(CELLS)})\s*:", begin):
        return Found(Cells(lines.cells(source)))
    if "~" in begin and not set("([{") & set(begin):
        return Found(lines.recurrent(source))
    name, value = literal(source)
    return Found(meant(source, value), name)


def _coded(digits: str) -> tuple[EdgeSpace, Code]:
    for space in (T2, T0):
        if len(digits) == len(space.edges):
            return space, space.check(tuple(map(int, digits)))
    raise Refused(f"'{shortened(digits)}': a T2 code has 6 digits, a T0 code 3")


def _is_file(path: Path) -> bool:
    try:
        return path.exists() and not path.is_dir()
    except OSError:  # too long to be a file's name: it is a text
        return False


def _from_file(path: Path) -> Found:
    with path.open("rb") as file:
        content = file.read(LONGEST + 1)
    if len(content) > LONGEST:
        raise Refused(f"{path}: more than {LONGEST:,} bytes are no cell")
    try:
        found = read(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Refused(f"{path}: byte {error.start + 1} is no UTF-8") from error
    except Refused as error:
        raise Refused(f"{path}: {error}") from error
    return found if found.name else replace(found, name=path.stem)
