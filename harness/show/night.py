"""The table of a night: for the terminal, and as Markdown for the summary of a job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.text import Text

from harness.judge.bands import BROKEN, HEALTHY, NEUTRAL, UNBANDED, Band, Finding
from harness.show.pages import markdown
from harness.show.table import Table

COLUMNS = ("experiment", "metric", "band", "n", "tonight", "verdict", "claims")
PLANNED = tuple(name for name in COLUMNS if name not in ("tonight", "verdict"))
WORDS = (BROKEN, NEUTRAL, HEALTHY, UNBANDED)  # what matters first
STYLES = {BROKEN: "red", NEUTRAL: "yellow"}


def number(value: float) -> str:
    """Return a measured number short, and as exactly as a band needs it."""
    return f"{value:z.4g}"


def interval(band: Band) -> str:
    """Return a band as it is read: its ends, what it must be, or why there is none."""
    if band.why:
        return band.why
    if band.exact is None:
        return f"{number(band.low)} to {number(band.high)}"
    alike = len(set(band.exact.tolist())) == 1
    return f"exactly {number(band.low)}" if alike else f"exactly {len(band.exact)} values"


def cells(finding: Finding) -> dict[str, str]:
    """Return what a finding says in each column."""
    said = f"{finding.verdict}: {finding.note}" if finding.note else finding.verdict
    return {
        "experiment": f"{finding.paper}: {finding.experiment}",
        "metric": finding.metric,
        "band": interval(finding.band),
        "n": str(finding.band.n),
        "tonight": " ".join(map(number, finding.values)) or "–",
        "verdict": finding.verdict if finding.band.why else said,
        "claims": ", ".join(finding.claims),
    }


def planned(findings: Sequence[Finding], title: str) -> Table:
    """Return the bands that a night compares with, as a table; nothing has run."""
    table = Table(title, PLANNED, prose=("band", "claims"), right=("n",))
    for finding in findings:
        line = cells(finding)
        table.add(*(line[name] for name in PLANNED))
    return table


def judged(findings: Sequence[Finding], title: str) -> Table:
    """Return the findings of a night as a table, what matters first."""
    table = Table(title, COLUMNS, prose=("band", "verdict", "claims"), right=("n",))
    for finding in in_order(findings):
        line = cells(finding)
        style = STYLES.get(finding.verdict, "")
        line_cells = [Text(line[n], style=style if n == "verdict" else "") for n in COLUMNS]
        table.add(*line_cells)
    return table


def summary(findings: Sequence[Finding], title: str, lines: Sequence[str]) -> str:
    """Return a night as Markdown: the lines that say what it comes to, then the table."""
    rows = [[cells(finding)[name] for name in COLUMNS] for finding in in_order(findings)]
    notes = "".join(f"- {line}\n" for line in lines)
    return f"## {title}\n\n{notes}\n{markdown(COLUMNS, rows)}\n"


def count(findings: Sequence[Finding]) -> str:
    """Return how many metrics have which verdict: '1 red, 40 healthy'."""
    found = Counter(finding.verdict for finding in findings)
    return ", ".join(f"{found[word]} {word}" for word in WORDS if found[word])


def in_order(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings, what matters first, else as they stand."""
    return sorted(findings, key=lambda finding: WORDS.index(finding.verdict))
