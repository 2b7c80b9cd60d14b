"""How generations of results follow one another: what replays confirmed, what gave way on request.

`reports/confirmed.csv`: for a group (paper, experiment, budget), two digests of code, an old one
and a new one, and the trials that were replayed with the new code and gave every number of the old
code's rows again. Both digests then stand for one code.
`reports/superseded.csv`: generations that a newer one replaces although it has fewer replicates,
because somebody asked for that.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, field, fields
from pathlib import Path
from typing import TypeVar

import pandas as pd

from harness.paper import Refused

CONFIRMED, SUPERSEDED = "confirmed.csv", "superseded.csv"
FLAG = "superseded"  # of a row whose generation gave way on request

Group = tuple[str, str, str]  # paper, experiment, budget


@dataclass(frozen=True, order=True)
class Confirmation:
    """Trials of a group that were measured by `old` code and came out again from `new` code.

    `commit` is that of the replay, `isa` the instruction set that it computed with, and `trials`
    are the identities of the rows that were replayed, separated by spaces.
    """

    paper: str
    experiment: str
    budget: str
    old: str
    new: str
    commit: str
    isa: str
    trials: str


@dataclass(frozen=True, order=True)
class Superseded:
    """A generation of a group that is not current whatever its size."""

    paper: str
    experiment: str
    budget: str
    code: str
    data_hash: str


Line = TypeVar("Line", Confirmation, Superseded)


@dataclass
class Lineage:
    """What is known of the generations of all groups."""

    confirmed: Sequence[Confirmation] = ()
    superseded: Sequence[Superseded] = ()
    _parents: dict[tuple[Group, str], str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for line in self.confirmed:
            group = (line.paper, line.experiment, line.budget)
            one, other = self.code(group, line.old), self.code(group, line.new)
            if one != other:
                self._parents[group, one] = other

    @classmethod
    def load(cls, reports: Path) -> Lineage:
        """Read both files; where one is missing nothing of its kind is known.

        Raises:
            Refused: a file is not as it was written.
        """
        confirmed = _read(reports / CONFIRMED, Confirmation)
        return cls(confirmed, _read(reports / SUPERSEDED, Superseded))

    def code(self, group: Group, digest: str) -> str:
        """Return the digest that stands for all codes that were confirmed to equal this one."""
        while (group, digest) in self._parents:
            digest = self._parents[group, digest]
        return digest

    def same(self, group: Group, one: str, other: str) -> bool:
        """Tell whether two digests are of one code, or of codes that gave equal numbers."""
        return self.code(group, one) == self.code(group, other)

    def carried(self, results: pd.DataFrame) -> pd.DataFrame:
        """Return results whose `code` is what it was confirmed to equal, flagged if superseded."""
        gone = {
            (*group, self.code(group, line.code), line.data_hash)
            for line in self.superseded
            for group in [(line.paper, line.experiment, line.budget)]
        }
        columns = ("paper", "experiment", "budget", "code", "data_hash")
        keys = [tuple(map(str, key)) for key in results[list(columns)].fillna("").to_numpy()]
        codes = [self.code((key[0], key[1], key[2]), key[3]) for key in keys]
        flags = [(*key[:3], code, key[4]) in gone for key, code in zip(keys, codes, strict=True)]
        return results.assign(code=codes, **{FLAG: flags})


def confirm(reports: Path, found: Iterable[Confirmation]) -> None:
    """Add what replays confirmed."""
    _write(reports / CONFIRMED, {*_read(reports / CONFIRMED, Confirmation), *found})


def supersede(reports: Path, found: Iterable[Superseded]) -> None:
    """Add generations that give way."""
    _write(reports / SUPERSEDED, {*_read(reports / SUPERSEDED, Superseded), *found})


def _read(path: Path, kind: type[Line]) -> list[Line]:
    if not path.exists():
        return []
    names = [each.name for each in fields(kind)]
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
    if rows[:1] != [names] or any(len(row) != len(names) for row in rows):
        raise Refused(f"{path}: is damaged; its columns are {', '.join(names)}")
    return [kind(*row) for row in rows[1:]]


def _write(path: Path, lines: Iterable[Confirmation] | Iterable[Superseded]) -> None:
    ordered = sorted(lines, key=astuple)
    if not ordered:
        return
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([each.name for each in fields(ordered[0])])
    writer.writerows(astuple(line) for line in ordered)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(text.getvalue(), encoding="utf-8", newline="")
    fresh.replace(path)
