"""Bring results.csv from before the instruction set was recorded to the form of today.

    python -m harness.record.convert [reports]

Column `isa` comes from confirmed.csv: a group whose replay agreed under AVX2 was measured with
AVX2's numbers; one that agreed only under what the replaying machine has, with those of AVX-512,
for that is what it had. Where no replay has agreed yet nothing is known, and the cell is empty.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from harness.record import tables
from harness.record.lineage import Lineage

SAID = {"native": "avx512"}  # what "native" was where the replays ran


def convert(reports: Path) -> Iterator[str]:
    """Fill the column; yield a line per instruction set and how many rows have it."""
    path = reports / "results.csv"
    table = tables.load(path)
    known = {
        (line.paper, line.experiment, line.budget, line.old): SAID.get(line.isa, line.isa)
        for line in Lineage.load(reports).confirmed
    }
    groups = table[["paper", "experiment", "budget", "code"]].itertuples(index=False, name=None)
    cells = zip(groups, table["isa"], strict=True)
    table["isa"] = [own or known.get(tuple(group), "") for group, own in cells]
    tables.store(table, path)
    for isa, count in sorted(Counter(table["isa"]).items()):
        yield f"{isa or 'unknown'}: {count} rows"


if __name__ == "__main__":
    for line in convert(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("reports")):
        sys.stdout.write(f"{line}\n")
