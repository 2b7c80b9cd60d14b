"""A paper with two claims, journals of its trials, and the reports of them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from harness.plan import discover
from harness.plan.specs import Spec
from harness.record import journal
from harness.record.journal import Result
from harness.show import report
from tests.lab.measured import result

CLAIM = 'AtLeast(EXPERIMENTS[0], "loss", 0.0)'
SECOND = """,
        Claim(
            "doubt",
            "100 % of the_losses are above 9",
            "Table_2",
            Published("9 of 10", 9.0, unit="%", dataset="none"),
            Value(EXPERIMENTS[0], "loss", 9.0, 10.0),
            budgets=("smoke",),
            measure="the last loss",
            doubted=DOUBTED,
            note="a | sign",
        ),
    ],
    deviations"""


def two_claims(folder: Path, expected: bool = False, threshold: float = 0.4) -> Path:
    text = (folder / "paper.py").read_text()
    assert CLAIM in text
    text = text.replace("import AtLeast\n", "import AtLeast, Value\n")
    text = text.replace(CLAIM, CLAIM.replace("0.0", str(threshold)))
    text = text.replace(
        "\n    ],\n    deviations",
        SECOND.replace("DOUBTED", repr("" if expected else "by its authors")),
    )
    (folder / "paper.py").write_text(text)
    return folder


def measure(folder: Path, runs: Path, *arguments: object, **how: object) -> Path:
    """Write the journal of a finished trial below `runs`; arguments as those of `result`."""
    return keep(result(folder, *arguments, **how), runs)


def keep(made: Result, runs: Path) -> Path:
    """Write the journal that would tell a result below `runs`; return the trial's folder."""
    home = Spec(**made.spec).home(runs)
    Spec(**made.spec).write(home)
    entries = [
        {"kind": "start", "spec": made.spec, "provenance": made.provenance, "time": made.started},
        {"kind": "data", **made.data, "time": made.started},
        {"kind": "restored", "rows": 0, "seconds": 0.0, "time": made.started},
        *({"kind": "row", **row, "time": made.finished} for row in made.rows),
        {
            **{"kind": "end", "status": made.status, "error": made.error},
            **{"stopped_by": made.stopped_by, "cost": made.cost, "time": made.finished},
        },
    ]
    lines(home, entries)
    return home


def lines(home: Path, entries: Iterable[Mapping[str, Any]]) -> None:
    """Write a journal of these entries, which say their own time, and its tally."""
    content, mark = b"", journal.Mark()
    for entry in entries:
        line = journal.encode(entry, mark)
        _, mark = journal.decode(line[:-1], mark)
        content += line
    (home / journal.NAME).write_bytes(content)
    (home / journal.TALLY).write_text(f"{mark.lines} {mark.crc}\n")


def write(folder: Path, home: Path, budgets: list[str] | None = None) -> dict[str, bytes]:
    """Report the runs of `home`; return {file below reports/: bytes}."""
    reports = home / "reports"
    list(report.write([discover.load(folder)], home / "runs", reports, budgets))
    return {
        str(file.relative_to(reports)): file.read_bytes()
        for file in sorted(reports.rglob("*"))
        if file.is_file()
    }


def rows(home: Path) -> list[dict[str, str]]:
    """Return what both files of results hold, a row a replicate, cells as they stand there."""
    results, measured = (
        read(home / "reports" / f"{name}.csv") for name in ("results", "measured")
    )
    metrics: dict[tuple[str, str], dict[str, str]] = {}
    for line in measured:
        own = metrics.setdefault((line["trial"], line["member"]), {})
        own[line["metric"]] = line["value"]
    return [{**metrics.get((row["trial"], row["member"]), {}), **row} for row in results]


def read(path: Path) -> list[dict[str, str]]:
    """Return the lines of a CSV file."""
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))
