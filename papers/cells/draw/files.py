"""A found cell as files of a trial: text for terminals, a picture, and a line to read it back."""

from __future__ import annotations

from pathlib import Path

from papers.cells.draw import svg
from papers.cells.draw import text as drawing
from papers.cells.space.edge import Code, EdgeSpace
from papers.cells.space.genotype import Genotype

TEXT, PICTURE, RECORD = "cell.txt", "cell.svg", "cell.json"


def keep_edge(folder: Path, space: EdgeSpace, code: Code, said: str) -> None:
    """Write an edge cell; `said` stands below the drawing."""
    (folder / TEXT).write_text(f"{drawing.edge_text(space, code)}\n\n{said}\n", encoding="utf-8")
    (folder / PICTURE).write_text(svg.edge_svg(space, code, said), encoding="utf-8")
    (folder / RECORD).write_text(f'"{space.text(code)}"\n', encoding="utf-8")


def keep_genotype(folder: Path, genotype: Genotype, said: str) -> None:
    """Write a genotype; `said` stands below the drawing."""
    text = drawing.genotype_text(genotype)
    (folder / TEXT).write_text(f"{text}\n\n{said}\n", encoding="utf-8")
    (folder / PICTURE).write_text(svg.genotype_svg(genotype, said), encoding="utf-8")
    (folder / RECORD).write_text(f"{genotype.json()}\n", encoding="utf-8")
