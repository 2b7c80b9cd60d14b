"""A found cell as files of a trial: what it is, and what is said of it; `draw.files` shows it."""

from __future__ import annotations

import json
from pathlib import Path

from papers.cells.space.edge import Code, EdgeSpace
from papers.cells.space.genotype import Genotype

RECORD, SAID = "cell.json", "said.txt"


def keep_edge(folder: Path, space: EdgeSpace, code: Code, said: str) -> None:
    """Write an edge cell; `said` stands below its drawing."""
    record = json.dumps({"space": space.name, "cell": space.text(code)})
    (folder / RECORD).write_text(f"{record}\n", encoding="utf-8")
    (folder / SAID).write_text(f"{said}\n", encoding="utf-8")


def keep_genotype(folder: Path, genotype: Genotype, said: str) -> None:
    """Write a genotype; `said` stands below its drawing."""
    (folder / RECORD).write_text(f"{genotype.json()}\n", encoding="utf-8")
    (folder / SAID).write_text(f"{said}\n", encoding="utf-8")
