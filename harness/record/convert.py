"""Bring results.csv from before its rows had digests to the form of today, and fill in `isa`.

    python -m harness.record.convert [reports]

A table of one file, with a column for each metric, becomes results.csv and measured.csv, and each
row gets the digest of what it says then. A table that has digests keeps them where a row is as it
was measured, and is refused otherwise.
Column `isa`, where it is empty, comes from confirmed.csv: a group whose replay agreed under an
instruction set was measured with the numbers of that set. Where none has agreed yet nothing is
known, and the cell stays empty. In confirmed.csv "native" becomes what it was on that machine.
"""

from __future__ import annotations

import csv
import io
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd

from harness.record import lineage, seal, sheet, tables
from harness.record.lineage import Lineage

SAID = {"native": "avx512"}  # what "native" was where the replays ran


def convert(reports: Path) -> Iterator[str]:
    """Rewrite the files; yield a line per instruction set and how many rows have it.

    Raises:
        Refused: a file cannot be read, or has rows that are not as they were measured.
    """
    path = reports / "results.csv"
    wide = seal.COLUMN not in sheet.header(path)
    table = _wide(path) if wide else tables.load(path)
    confirmed = Lineage.load(reports).confirmed
    lines = [replace(line, isa=SAID.get(line.isa, line.isa)) for line in confirmed]
    known = {(line.paper, line.experiment, line.budget, line.old): line.isa for line in lines}
    groups = table[["paper", "experiment", "budget", "code"]].itertuples(index=False, name=None)
    cells = zip(groups, table["isa"], strict=True)
    table["isa"] = [own or known.get(tuple(group), "") for group, own in cells]
    tables.store(tables.sealed(table), path)
    lineage.rewrite(reports, lines)
    for isa, count in sorted(Counter(table["isa"]).items()):
        yield f"{isa or 'unknown'}: {count} rows"


def _wide(path: Path) -> pd.DataFrame:
    """Read a table with a column for every metric; one that is not there is an empty cell."""
    content = io.StringIO(path.read_text(encoding="utf-8"), newline="")
    rows = (
        {name: sheet.value(cell, tables.FIXED.get(name)) for name, cell in row.items()}
        for row in csv.DictReader(content)
    )
    return tables.typed(rows)


if __name__ == "__main__":
    for line in convert(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("reports")):
        sys.stdout.write(f"{line}\n")
