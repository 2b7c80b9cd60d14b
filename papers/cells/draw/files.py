"""The cell that a trial found, drawn from its files: what an experiment's `shows` names.

No run imports it: a drawing may change and no measurement grows old.
"""

from __future__ import annotations

import json
from pathlib import Path

from papers.cells.draw import text as drawing
from papers.cells.space.edge import SPACES
from papers.cells.space.genotype import Genotype
from papers.cells.space.record import RECORD, SAID


def shown(folder: Path) -> str:
    """Return a found cell as text, and what was said of it."""
    text = (folder / RECORD).read_text(encoding="utf-8")
    record = json.loads(text)
    if "space" in record:
        space = SPACES[record["space"]]
        drawn = drawing.edge_text(space, space.parse(record["cell"]))
    else:
        drawn = drawing.genotype_text(Genotype.from_json(text))
    return f"{drawn}\n\n{(folder / SAID).read_text(encoding='utf-8')}"
