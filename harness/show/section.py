"""What is said of one paper, whoever lays it out: its claims, its checks, its pictures.

A `Row` is one claim; each budget that judged it is a `Reading`, the one that counts first. A
`Section` is one paper with its rows, pictures and deviations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.paper import Claim
from harness.plan.discover import Folder
from harness.show.marks import MARKS, Mark
from harness.show.pictures import Picture


@dataclass(frozen=True)
class Reading:
    """What one budget says of a claim; `budget` is empty where none has judged it."""

    budget: str
    word: str
    here: str = "–"
    note: str = ""
    margin: str = ""
    p: str = "–"
    cost: str = ""
    replays: Sequence[tuple[str, str]] = ()  # (experiment, trial)
    more: int = 0  # experiments whose trials are not among the replays

    @property
    def mark(self) -> Mark:
        """How its word looks."""
        return MARKS[self.word]


@dataclass(frozen=True)
class Row:
    """One claim with its readings, the one that counts first."""

    claim: Claim
    anchor: str
    printed: str
    source: str
    readings: Sequence[Reading]
    pictures: Sequence[Picture]
    study: str

    @property
    def first(self) -> Reading:
        """The reading that stands for the claim."""
        return self.readings[0]


@dataclass(frozen=True)
class Section:
    """One paper: its claims, its own checks, its pictures and deviations by study."""

    folder: Folder
    line: str
    rows: Sequence[Row]
    checks: Sequence[Row]
    pictures: Sequence[Picture]
    deviations: Mapping[str, Sequence[str]] = field(default_factory=dict)
    spent: float = 0.0  # seconds of device time of all trials behind the headlines

    @property
    def headlines(self) -> list[Row]:
        """The rows of what the paper states first of all."""
        return [row for row in self.rows if row.claim.kind == "headline"]

    @property
    def others(self) -> list[Row]:
        """The rows of what it states beside them; the page folds them."""
        return [row for row in self.rows if row.claim.kind != "headline"]

    @property
    def counts(self) -> Counter[str]:
        """How many headlines have each word."""
        return Counter(row.first.word for row in self.headlines)
